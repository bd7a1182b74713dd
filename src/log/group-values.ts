import { KnownNames } from '../core/categories.ts'
import type { Sql, Statement } from '../db/sql.ts'
import { otherGroup } from '../summaries/outcomes/make-join-index.ts'

const maxValues = 100

/**
 * Values of each sensitive attribute of a model that are groups of their own: the first hundred that come, whatever batch
 * they come in; all others are one. New ones are inserted with the commit that needs them.
 */
export class GroupValues {
	private readonly known = new Map<string, KnownNames>()
	private readonly sql: Sql
	private inserts: Statement[] = []

	constructor(sql: Sql) {
		this.sql = sql
	}

	async refresh(): Promise<void> {
		this.inserts = []
		this.known.clear()
		const rows = await this.sql.values({ sql: 'SELECT model, attribute, value FROM log_group_value' })
		for (const [model, attribute, value] of rows as unknown as [string, string, string][])
			this.valuesOf(model, attribute).add(value)
	}

	private valuesOf(model: string, attribute: string): KnownNames {
		const key = JSON.stringify([model, attribute])
		let values = this.known.get(key)
		if (!values) {
			values = new KnownNames()
			this.known.set(key, values)
		}
		return values
	}

	/** The group that a value counts in. */
	groupOf(model: string, attribute: string, value: string): string {
		const values = this.valuesOf(model, attribute)
		const known = values.find(value)
		if (known !== undefined) return known
		if (values.size >= maxValues) return otherGroup
		values.add(value)
		this.inserts.push({
			sql: 'INSERT OR IGNORE INTO log_group_value (model, attribute, value) VALUES (?, ?, ?)',
			params: [model, attribute, value],
		})
		return value
	}

	pending(): Statement[] {
		return this.inserts
	}

	stored(): void {
		this.inserts = []
	}
}
