import { BoundedCache } from '../../core/bounded-cache.ts'
import type { SeriesRef } from '../../core/series.ts'
import { dayMs } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { decodeJoinIndex, type JoinIndex } from '../../summaries/outcomes/join-index.ts'
import type { SeriesTable } from '../append/series-table.ts'
import type { Hashes, KeyIndex } from '../keys/key-index.ts'
import { hashKeys } from '../keys/key-index.ts'
import type { ChunkStore } from '../read/chunk-store.ts'
import { kindNumber } from '../row-kinds.ts'

/** Groups of a row that became known after it was stored, by attribute. */
export type LateGroups = Record<string, string>

/** The predictions of one chunk, as outcomes are joined to them. */
export type JoinIndexChunk = {
	id: number
	joinIndex: JoinIndex
	seriesRef: SeriesRef
	/** The start of its UTC day, in ms since the epoch. */
	dayStart: number
	/** By row. */
	later: Map<number, LateGroups>
	/** Ids of the series that its rows count in: over all rows, and by the code of each segment's value. */
	series: { all?: number; bySegment: Map<string, (number | undefined)[]> }
}

export type JoinEntry = { chunk: JoinIndexChunk; row: number }

/** `day`: days since the epoch. */
export const newJoinIndexChunk = (
	id: number,
	joinIndex: JoinIndex,
	{ model, version, environment }: SeriesRef,
	day: number,
	later = new Map<number, LateGroups>(),
): JoinIndexChunk => ({
	id,
	joinIndex,
	seriesRef: { model, version, environment },
	dayStart: day * dayMs,
	later,
	series: { bySegment: new Map() },
})

const cachedRows = 4_000_000

/** Finds predictions by id without reading their rows: two hashes of the id, 80 bits in all, with a secret seed, are enough. */
export class JoinIndexStore {
	private readonly cache = new BoundedCache<number, JoinIndexChunk>({
		maxSize: cachedRows,
		sizeOf: ({ joinIndex }) => joinIndex.rows,
	})
	private readonly sql: Sql
	private readonly store: ChunkStore
	private readonly series: SeriesTable
	private readonly keys: Pick<KeyIndex, 'find'>
	private readonly seed: number

	constructor(sql: Sql, store: ChunkStore, series: SeriesTable, keys: Pick<KeyIndex, 'find'>, seed: number) {
		this.sql = sql
		this.store = store
		this.series = series
		this.keys = keys
		this.seed = seed
	}

	/** The second hash of each id, with a seed of its own. */
	checks(model: string, ids: readonly string[]): Uint32Array {
		return hashKeys(~this.seed, kindNumber.prediction, model, ids).high
	}

	/** By position in `ids`: the prediction with that id. `hashes` are those of the ids as predictions. */
	async find(model: string, ids: readonly string[], hashes: Hashes): Promise<Map<number, JoinEntry>> {
		const found = new Map<number, JoinEntry>()
		const checks = this.checks(model, ids)
		for (const [i, locations] of await this.keys.find(hashes))
			for (const indexed of locations) {
				const isCached = this.cache.has(indexed.chunk)
				const { chunk: id, row } = isCached ? indexed : await this.store.currentLocation(indexed)
				const chunk = await this.chunk(id)
				if (chunk && chunk.joinIndex.checks[row] === checks[i]) found.set(i, { chunk, row })
			}
		return found
	}

	async chunk(id: number): Promise<JoinIndexChunk | undefined> {
		const known = this.cache.get(id)
		if (known) return known
		const [row] = await this.sql.all<{ bytes: Uint8Array; series: number; day: number }>({
			sql: `SELECT b.bytes AS bytes, c.series AS series, c.day AS day
				FROM log_brief b JOIN log_chunk c ON c.id = b.chunk WHERE b.chunk = ?`,
			params: [id],
		})
		const series = row && this.series.get(row.series)
		if (!row || !series) return undefined
		const later = await lateGroupsOf(this.sql, id)
		const chunk = newJoinIndexChunk(id, decodeJoinIndex(row.bytes), series, row.day, later)
		this.cache.set(id, chunk)
		return chunk
	}

	forget(): void {
		this.cache.clear()
	}
}

/** By row of the chunk. */
export async function lateGroupsOf(sql: Sql, chunk: number): Promise<Map<number, LateGroups>> {
	const rows = await sql.all<{ row: number; groups: string }>({
		sql: 'SELECT row, groups FROM log_group WHERE chunk = ?',
		params: [chunk],
	})
	return new Map(rows.map(({ row, groups }) => [row, JSON.parse(groups) as LateGroups]))
}
