import type { SeriesRef } from '../core/series.ts'
import { dayMs } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { decodeJoinIndex, type JoinIndex } from '../summaries/outcomes/join-index.ts'
import type { ChunkStore } from './chunk-store.ts'
import type { Hashes } from './deduplicate.ts'
import { hashKeys, keySpace } from './key-hash.ts'
import type { KeyRuns } from './key-runs.ts'
import type { SeriesTable } from './series-table.ts'

/** The predictions of one chunk, as outcomes are joined to them. `day`: start of its UTC day, ms since the epoch. */
export type JoinIndexChunk = {
	id: number
	joinIndex: JoinIndex
	seriesRef: SeriesRef
	day: number
	later: Map<number, LateGroups>
	/** Numbers of the series that its rows count in: over all rows, and by value of each segment. */
	series: { all?: number; bySegment: Map<string, (number | undefined)[]> }
}

export const newJoinIndexChunk = (
	id: number,
	joinIndex: JoinIndex,
	seriesRef: SeriesRef,
	day: number,
): JoinIndexChunk => ({
	id,
	joinIndex,
	seriesRef,
	day,
	later: new Map(),
	series: { bySegment: new Map() },
})

/** Groups of a row that became known after it was stored. */
export type LateGroups = Record<string, string>
export type JoinEntry = { chunk: JoinIndexChunk; row: number }

const cachedRows = 4_000_000

/** Finds predictions by id without reading them: by two hashes of the id, 80 bits in all, of a seed nobody knows. */
export class JoinIndexStore {
	private readonly cache = new Map<number, JoinIndexChunk>()
	private cached = 0
	private readonly sql: Sql
	private readonly store: ChunkStore
	private readonly series: SeriesTable
	private readonly keys: Pick<KeyRuns, 'find'>
	private readonly seed: number

	constructor(sql: Sql, store: ChunkStore, series: SeriesTable, keys: Pick<KeyRuns, 'find'>, seed: number) {
		this.sql = sql
		this.store = store
		this.series = series
		this.keys = keys
		this.seed = seed
	}

	/** The second hash of each id, under a seed of its own. */
	checks(model: string, ids: readonly string[]): Uint32Array {
		return hashKeys(~this.seed, keySpace.prediction, model, ids).high
	}

	/** By index into `ids`: the prediction of that id; `hashes` are those of the ids as predictions. */
	async find(model: string, ids: readonly string[], hashes: Hashes): Promise<Map<number, JoinEntry>> {
		const found = new Map<number, JoinEntry>()
		const checks = this.checks(model, ids)
		for (const [i, locations] of await this.keys.find(hashes))
			for (const location of locations) {
				const direct = this.cache.has(location.chunk)
				const place = direct ? location : await this.store.place(location)
				const chunk = await this.chunk(place.chunk)
				if (chunk && chunk.joinIndex.checks[place.row] === checks[i]) found.set(i, { chunk, row: place.row })
			}
		return found
	}

	async chunk(id: number): Promise<JoinIndexChunk | undefined> {
		const known = this.cache.get(id)
		if (known) return known
		const [row] = await this.sql.values({
			sql: 'SELECT b.bytes, c.series, c.day FROM log_brief b JOIN log_chunk c ON c.id = b.chunk WHERE b.chunk = ?',
			params: [id],
		})
		if (!row) return undefined
		const [bytes, series, day] = row as unknown as [Uint8Array, number, number]
		const seriesRef = this.series.get(series)
		if (!seriesRef) return undefined
		const { model, version, environment } = seriesRef
		const later = await lateGroupsOf(this.sql, id)
		const joinIndex = decodeJoinIndex(bytes)
		const place = { model, version, environment }
		const chunk: JoinIndexChunk = { ...newJoinIndexChunk(id, joinIndex, place, day * dayMs), later }
		for (const [oldest, { joinIndex: old }] of this.cache) {
			if (this.cached + joinIndex.rows <= cachedRows) break
			this.cache.delete(oldest)
			this.cached -= old.rows
		}
		this.cache.set(id, chunk)
		this.cached += joinIndex.rows
		return chunk
	}

	forget(): void {
		this.cache.clear()
		this.cached = 0
	}
}

/** By row of the chunk. */
export async function lateGroupsOf(sql: Sql, chunk: number): Promise<Map<number, LateGroups>> {
	const rows = (await sql.values({
		sql: 'SELECT row, groups FROM log_group WHERE chunk = ?',
		params: [chunk],
	})) as unknown as [number, string][]
	return new Map(rows.map(([row, groups]) => [row, JSON.parse(groups) as LateGroups]))
}
