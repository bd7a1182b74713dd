import { KnownNames } from '../../core/categories.ts'
import { getOrInsert } from '../../core/maps.ts'
import type { Sql, Statement } from '../../db/sql.ts'
import { otherGroup } from '../../summaries/outcomes/make-join-index.ts'

const maxValues = 100

/**
 * The values of each sensitive attribute that are groups of their own: the first hundred of a model, in whichever batch they
 * come. All further values count in one group. New values are inserted by the commit that needs them.
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
		const rows = await this.sql.all<{ model: string; attribute: string; value: string }>({
			sql: 'SELECT model, attribute, value FROM log_group_value',
		})
		for (const { model, attribute, value } of rows) this.valuesOf(model, attribute).add(value)
	}

	private valuesOf(model: string, attribute: string): KnownNames {
		return getOrInsert(this.known, JSON.stringify([model, attribute]), () => new KnownNames())
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

	/** The inserts that the next commit has to carry. */
	pending(): Statement[] {
		return this.inserts
	}

	/** To be called after that commit has succeeded. */
	stored(): void {
		this.inserts = []
	}
}
