import type { Sql } from '../db/sql.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import { decodeChunk } from './chunk.ts'
import type { Codec } from './codec.ts'
import type { Location } from './key-table.ts'

export const kindNumber = { prediction: 1, feature: 2, outcome: 3, group: 4 } as const

export type StoredChunk = {
	id: number
	kind: number
	series: number
	bins: number | null
	batch: RowBatch
}

/** A stored row: `row` in the batch of `chunk`, which is the row `place` of the log. */
export type FoundRow = { chunk: StoredChunk; row: number; place: Location }

/** Reads rows of a Parquet file that chunks were moved to: `rows` from `first` on. `sha256` is what the file has to be. */
export type ReadArchive = (
	file: string,
	sha256: string | undefined,
	first: number,
	rows: number,
) => Promise<RowBatch>

const cachedChunks = 48
/** Columns of all of them: names without end make even chunks of a few rows large. */
const cachedColumns = 50_000

/** Chunks by id, wherever they went: in the table, folded into a larger one, or moved to a file. */
export class ChunkStore {
	private readonly cache = new Map<number, StoredChunk>()
	private columns = 0
	private readonly sql: Sql
	private readonly codec: Codec
	private readonly readArchive: ReadArchive | undefined

	constructor(sql: Sql, codec: Codec, readArchive?: ReadArchive) {
		this.sql = sql
		this.codec = codec
		this.readArchive = readArchive
	}

	/** The chunk and row that a location in the key index means today. Undefined when it was erased. */
	resolve(location: Location): Promise<FoundRow | undefined> {
		return this.locate(location, async (place) => {
			const chunk = await this.chunk(place.chunk)
			return chunk && { chunk, row: place.row, place }
		})
	}

	/** The same with a batch of that one row, when its chunk is not at hand: for reading one row among many. */
	resolveRow(location: Location): Promise<FoundRow | undefined> {
		return this.locate(location, async (place) => {
			const known = this.cache.get(place.chunk)
			const chunk = known ?? (await this.read(place.chunk, place.row))
			return chunk && { chunk, row: known ? place.row : 0, place }
		})
	}

	/** Looks twice: a chunk may be folded into another one between asking where it is and reading it. */
	private async locate(
		location: Location,
		read: (place: Location) => Promise<FoundRow | undefined>,
	): Promise<FoundRow | undefined> {
		return (await read(await this.place(location))) ?? read(await this.place(location))
	}

	/** Where a location's row stands today. */
	async place(location: Location): Promise<Location> {
		if (this.cache.has(location.chunk)) return location
		const [alias] = (await this.sql.values({
			sql: 'SELECT target, first FROM log_alias WHERE id = ?',
			params: [location.chunk],
		})) as unknown as [number, number][]
		return alias ? { chunk: alias[0], row: alias[1] + location.row } : location
	}

	async chunk(id: number): Promise<StoredChunk | undefined> {
		const known = this.cache.get(id)
		if (known) return known
		const chunk = await this.read(id)
		// Another reader may have read it meanwhile.
		if (!chunk || this.cache.has(id)) return chunk
		this.cache.set(id, chunk)
		this.columns += chunk.batch.features.size
		for (const [oldest, { batch }] of this.cache) {
			if (oldest === id || (this.cache.size <= cachedChunks && this.columns <= cachedColumns)) break
			this.cache.delete(oldest)
			this.columns -= batch.features.size
		}
		return chunk
	}

	private async read(id: number, only?: number): Promise<StoredChunk | undefined> {
		const [row] = await this.sql.values({
			sql: `SELECT kind, series, grid, ids, body, file, file_row, rows,
				(SELECT sha256 FROM log_archive a WHERE a.file = c.file) FROM log_chunk c WHERE id = ?`,
			params: [id],
		})
		if (!row) return undefined
		const [kind, series, bins, ids, body, file, fileRow, rows, sha256] = row as [
			number,
			number,
			number | null,
			Uint8Array | null,
			Uint8Array | null,
			string | null,
			number,
			number,
			string | null,
		]
		if (body && ids) return { id, kind, series, bins, batch: await this.decode(ids, body, only) }
		const [first, count] = only === undefined ? [fileRow, rows] : [fileRow + only, 1]
		return { id, kind, series, bins, batch: await this.fromArchive(file, sha256, first, count) }
	}

	async decode(ids: Uint8Array, body: Uint8Array, only?: number): Promise<RowBatch> {
		return decodeChunk(ids, await this.codec.decompress(body), only)
	}

	private fromArchive(
		file: string | null,
		sha256: string | null,
		first: number,
		rows: number,
	): Promise<RowBatch> {
		if (!this.readArchive || file === null)
			throw new RangeError('this chunk is in an archive that cannot be read here')
		return this.readArchive(file, sha256 ?? undefined, first, rows)
	}

	forget(): void {
		this.cache.clear()
		this.columns = 0
	}
}
