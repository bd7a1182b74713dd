import type { Sql, Statement } from './sql.ts'

const statementsAtOnce = 500

/**
 * Stores statements several hundred at a time, while what comes next is computed: writing to disk safely takes longer than
 * computing. What is added together is stored together, and in order.
 */
export class Batches {
	private readonly sql: Sql
	private waiting: Statement[] = []
	private storing: Promise<unknown> = Promise.resolve()

	constructor(sql: Sql) {
		this.sql = sql
	}

	/** Rejects when what was added before could not be stored. */
	async add(statements: readonly Statement[]): Promise<void> {
		for (const statement of statements) this.waiting.push(statement)
		if (this.waiting.length >= statementsAtOnce) await this.store()
	}

	/** Resolves when all that was added is stored. */
	async finish(): Promise<void> {
		await this.store()
		await this.storing
	}

	private async store(): Promise<void> {
		await this.storing
		if (this.waiting.length === 0) return
		this.storing = this.sql.batch(this.waiting)
		// Whoever waits for it next sees its failure.
		this.storing.catch(() => {})
		this.waiting = []
	}
}
