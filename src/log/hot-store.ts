import type { Sql } from '../db/sql.ts'
import type { RowBatch } from '../profile/columns.ts'
import { decodeChunk, decodeIds } from './chunk.ts'
import type { Codec } from './codec.ts'
import type { Location } from './key-table.ts'

export const kindNumber = { prediction: 1, feature: 2, outcome: 3 } as const

export type StoredChunk = {
	id: number
	kind: number
	series: number
	grid: number | null
	batch: RowBatch
}

/** Reads rows of a Parquet file that chunks were moved to: `rows` from `first` on. */
export type ReadArchive = (file: string, first: number, rows: number) => Promise<RowBatch>

const cachedChunks = 48

/** Chunks by id, wherever they went: in the table, folded into a larger one, or moved to a file. */
export class HotStore {
	private readonly cache = new Map<number, StoredChunk>()
	private readonly sql: Sql
	private readonly codec: Codec
	private readonly readArchive: ReadArchive | undefined

	constructor(sql: Sql, codec: Codec, readArchive?: ReadArchive) {
		this.sql = sql
		this.codec = codec
		this.readArchive = readArchive
	}

	/** The chunk and row that a location in the key index means today. Undefined when it was erased. */
	async resolve(location: Location): Promise<{ chunk: StoredChunk; row: number } | undefined> {
		const direct = await this.chunk(location.chunk)
		if (direct) return { chunk: direct, row: location.row }
		const [alias] = await this.sql.all({
			sql: 'SELECT target, first FROM log_alias WHERE id = ?',
			params: [location.chunk],
		})
		if (!alias) return undefined
		const [target, first] = alias as unknown as [number, number]
		const chunk = await this.chunk(target)
		return chunk && { chunk, row: first + location.row }
	}

	async chunk(id: number): Promise<StoredChunk | undefined> {
		const known = this.cache.get(id)
		if (known) return known
		const [row] = await this.sql.all({
			sql: 'SELECT kind, series, grid, ids, body, file, file_row, rows FROM log_chunk WHERE id = ?',
			params: [id],
		})
		if (!row) return undefined
		const [kind, series, grid, ids, body, file, fileRow, rows] = row as [
			number,
			number,
			number | null,
			Uint8Array | null,
			Uint8Array | null,
			string | null,
			number,
			number,
		]
		const batch = body && ids ? await this.decode(ids, body) : await this.fromArchive(file, fileRow, rows)
		const chunk = { id, kind, series, grid, batch }
		if (this.cache.size >= cachedChunks) this.cache.delete(this.cache.keys().next().value as number)
		this.cache.set(id, chunk)
		return chunk
	}

	async decode(ids: Uint8Array, body: Uint8Array): Promise<RowBatch> {
		return decodeChunk(decodeIds(ids), await this.codec.decompress(body))
	}

	private fromArchive(file: string | null, first: number, rows: number): Promise<RowBatch> {
		if (!this.readArchive || file === null)
			throw new RangeError('this chunk is in an archive that cannot be read here')
		return this.readArchive(file, first, rows)
	}

	forget(): void {
		this.cache.clear()
	}
}
