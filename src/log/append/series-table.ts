import { KnownNames } from '../../core/categories.ts'
import { getOrInsert } from '../../core/maps.ts'
import type { Sql, Statement } from '../../db/sql.ts'
import type { Series } from '../prediction-log.ts'

const maxSegmentValues = 50
/** Counts all values of a segment after the first fifty. */
const otherValue = 'other'

type NewSeries = Omit<Series, 'id'>

const keyOf = (s: NewSeries) => JSON.stringify([s.model, s.version, s.environment, s.segment, s.value])

/** Series by content and by id. New ones get the next id, and are inserted by the commit that needs them. */
export class SeriesTable {
	private readonly byKey = new Map<string, number>()
	private readonly byId = new Map<number, Series>()
	private readonly segmentValues = new Map<string, KnownNames>()
	private readonly sql: Sql
	private nextId = 1
	/** Series that no commit has stored yet. */
	private unstored: Series[] = []

	constructor(sql: Sql) {
		this.sql = sql
	}

	/** Reads all stored series, and forgets those that are not stored. */
	async refresh(): Promise<void> {
		this.unstored = []
		this.byKey.clear()
		this.byId.clear()
		this.segmentValues.clear()
		this.nextId = 1
		const rows = await this.sql.all<Series>({
			sql: 'SELECT id, model, version, environment, segment, value FROM log_series ORDER BY id',
		})
		for (const series of rows) this.remember(series)
	}

	private remember(series: Series): number {
		this.byKey.set(keyOf(series), series.id)
		this.byId.set(series.id, series)
		this.nextId = Math.max(this.nextId, series.id + 1)
		if (series.segment !== '') this.valuesOf(series).add(series.value)
		return series.id
	}

	private valuesOf({ model, segment }: Pick<Series, 'model' | 'segment'>): KnownNames {
		return getOrInsert(this.segmentValues, JSON.stringify([model, segment]), () => new KnownNames())
	}

	get(id: number): Series | undefined {
		return this.byId.get(id)
	}

	/** The id of a series. Values of a segment after the first fifty count as `other`. */
	idOf(series: NewSeries): number {
		const known = this.byKey.get(keyOf(series))
		if (known !== undefined) return known
		if (series.segment !== '' && series.value !== otherValue) {
			const values = this.valuesOf(series)
			const value = values.find(series.value) ?? (values.size < maxSegmentValues ? series.value : otherValue)
			if (value !== series.value) return this.idOf({ ...series, value })
		}
		const { model, version, environment, segment, value } = series
		const added = { id: this.nextId, model, version, environment, segment, value }
		this.unstored.push(added)
		return this.remember(added)
	}

	/** The inserts that the next commit has to carry. */
	pending(): Statement[] {
		return this.unstored.map(({ id, model, version, environment, segment, value }) => ({
			sql: 'INSERT INTO log_series (id, model, version, environment, segment, value) VALUES (?, ?, ?, ?, ?, ?)',
			params: [id, model, version, environment, segment, value],
		}))
	}

	/** To be called after that commit has succeeded. */
	stored(): void {
		this.unstored = []
	}

	/** To be called after it has failed: the ids are given again. */
	forgetPending(): void {
		for (const series of this.unstored) {
			this.byKey.delete(keyOf(series))
			this.byId.delete(series.id)
			this.nextId = Math.min(this.nextId, series.id)
			this.valuesOf(series).delete(series.value)
		}
		this.unstored = []
	}
}
