import type { Sql, Statement } from './sql.ts'

const statementsAtOnce = 500

/**
 * Stores statements in batches of several hundred, while the caller computes the next ones: a durable write takes longer
 * than the computation. Statements that are added together are stored together, in order.
 */
export class Batches {
	private readonly sql: Sql
	private waiting: Statement[] = []
	private storing: Promise<unknown> = Promise.resolve()

	constructor(sql: Sql) {
		this.sql = sql
	}

	/** Rejects if an earlier batch could not be stored. */
	async add(statements: readonly Statement[]): Promise<void> {
		for (const statement of statements) this.waiting.push(statement)
		if (this.waiting.length >= statementsAtOnce) await this.store()
	}

	/** Resolves when everything is stored. */
	async finish(): Promise<void> {
		await this.store()
		await this.storing
	}

	private async store(): Promise<void> {
		await this.storing
		if (this.waiting.length === 0) return
		this.storing = this.sql.batch(this.waiting)
		// The next call that awaits it sees the failure.
		this.storing.catch(() => {})
		this.waiting = []
	}
}
