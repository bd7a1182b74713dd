import { KnownNames } from '../core/categories.ts'
import type { Sql, Statement } from '../db/sql.ts'
import type { Series } from './prediction-log.ts'

const maxSegmentValues = 50
/** Stands for all values of a segment behind the first fifty. */
export const otherValue = 'other'

const keyOf = (s: Omit<Series, 'id'>) =>
	JSON.stringify([s.model, s.version, s.environment, s.segment, s.value])

/** Series by content. New ones get the next id and are inserted with the commit that needs them. */
export class SeriesTable {
	private byKey = new Map<string, number>()
	private readonly byId = new Map<number, Series>()
	private readonly segmentValues = new Map<string, KnownNames>()
	private readonly sql: Sql
	private nextId = 1
	private inserts: Statement[] = []

	constructor(sql: Sql) {
		this.sql = sql
	}

	/** Reads the series that are new since the last refresh, and forgets those that were not stored. */
	async refresh(): Promise<void> {
		this.inserts = []
		this.byKey = new Map()
		this.byId.clear()
		this.segmentValues.clear()
		this.nextId = 1
		const rows = await this.sql.values({
			sql: 'SELECT id, model, version, environment, segment, value FROM log_series ORDER BY id',
		})
		for (const [id, model, version, environment, segment, value] of rows as [
			number,
			string,
			string,
			string,
			string,
			string,
		][])
			this.remember({ id, model, version, environment, segment, value })
	}

	private remember(series: Series): number {
		this.byKey.set(keyOf(series), series.id)
		this.byId.set(series.id, series)
		this.nextId = Math.max(this.nextId, series.id + 1)
		if (series.segment !== '') this.valuesOf(series).add(series.value)
		return series.id
	}

	private valuesOf(series: { model: string; segment: string }): KnownNames {
		const key = JSON.stringify([series.model, series.segment])
		let values = this.segmentValues.get(key)
		if (!values) {
			values = new KnownNames()
			this.segmentValues.set(key, values)
		}
		return values
	}

	get(id: number): Series | undefined {
		return this.byId.get(id)
	}

	/** The id of a series; past fifty values a segment's further values count as `other`. */
	idOf(series: Omit<Series, 'id'>): number {
		const known = this.byKey.get(keyOf(series))
		if (known !== undefined) return known
		if (series.segment !== '' && series.value !== otherValue) {
			const values = this.valuesOf(series)
			const value = values.find(series.value) ?? (values.size < maxSegmentValues ? series.value : otherValue)
			if (value !== series.value) return this.idOf({ ...series, value })
		}
		const id = this.remember({ ...series, id: this.nextId })
		this.inserts.push({
			sql: 'INSERT INTO log_series (id, model, version, environment, segment, value) VALUES (?, ?, ?, ?, ?, ?)',
			params: [id, series.model, series.version, series.environment, series.segment, series.value],
		})
		return id
	}

	/** The inserts that the next commit has to carry; `stored` after it has succeeded. */
	pending(): Statement[] {
		return this.inserts
	}

	stored(): void {
		this.inserts = []
	}

	/** Drops what a failed commit would have inserted; numbers are given again. */
	forgetPending(): void {
		for (const { params } of this.inserts) {
			const [id, model, version, environment, segment, value] = params as [
				number,
				string,
				string,
				string,
				string,
				string,
			]
			this.byKey.delete(keyOf({ model, version, environment, segment, value }))
			this.byId.delete(id)
			this.nextId = Math.min(this.nextId, id)
			this.segmentValues.get(JSON.stringify([model, segment]))?.delete(value)
		}
		this.inserts = []
	}
}
