import { BoundedCache } from '../../core/bounded-cache.ts'
import type { Sql } from '../../db/sql.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { decodeChunk, hasNoIds, textsOf } from '../codec/chunk.ts'
import type { Codec } from '../codec/codec.ts'
import { openRows } from '../codec/encrypted-rows.ts'
import type { Location } from '../keys/key-table.ts'

export type StoredChunk = {
	id: number
	kind: number
	series: number
	bins: number | null
	batch: RowBatch
}

/** A stored row: `row` in the batch of `chunk`. `location` is where it is in the log now. */
export type FoundRow = { chunk: StoredChunk; row: number; location: Location }

/** Reads rows of the Parquet file that chunks were moved to, from the row `first` on. `sha256`: the digest it must have. */
export type ReadArchive = (
	file: string,
	sha256: string | undefined,
	first: number,
	rows: number,
) => Promise<RowBatch>

type ChunkRow = {
	kind: number
	series: number
	bins: number | null
	ids: Uint8Array | null
	body: Uint8Array | null
	file: string | null
	fileRow: number
	rows: number
	sha256: string | null
}

const cachedChunks = 48
/** Of all cached chunks together: with enough different feature names even a chunk of a few rows is large. */
const cachedColumns = 50_000

/** Reads chunks by id, wherever they are: in the table, folded into a larger chunk, or in an archive file. */
export class ChunkStore {
	private readonly cache: BoundedCache<number, StoredChunk>
	private readonly sql: Sql
	private readonly codec: Codec
	private readonly readArchive: ReadArchive | undefined
	private readonly opens: boolean

	/** `opens`: whether encrypted rows are decrypted. `max`: how many chunks are kept in memory. */
	constructor(sql: Sql, codec: Codec, readArchive?: ReadArchive, opens = true, max = cachedChunks) {
		this.cache = new BoundedCache({
			max,
			maxSize: cachedColumns,
			// At most the limit, so that even the widest chunk is kept until the next one is read.
			sizeOf: ({ batch }) => Math.min(batch.features.size, cachedColumns),
		})
		this.opens = opens
		this.sql = sql
		this.codec = codec
		this.readArchive = readArchive
	}

	/** The row at an indexed location. Undefined when it was erased. */
	resolve(indexed: Location): Promise<FoundRow | undefined> {
		return this.locate(indexed, async (location) => {
			const chunk = await this.chunk(location.chunk)
			return chunk && { chunk, row: location.row, location }
		})
	}

	/** The same with a batch of that one row, unless its chunk is cached: for reading one row among many. */
	resolveRow(indexed: Location): Promise<FoundRow | undefined> {
		return this.locate(indexed, async (location) => {
			const known = this.cache.get(location.chunk)
			const chunk = known ?? (await this.read(location.chunk, location.row))
			return chunk && { chunk, row: known ? location.row : 0, location }
		})
	}

	/** Tries twice: a chunk may be folded into another one after its location was read. */
	private async locate(
		indexed: Location,
		read: (location: Location) => Promise<FoundRow | undefined>,
	): Promise<FoundRow | undefined> {
		return (await read(await this.currentLocation(indexed))) ?? read(await this.currentLocation(indexed))
	}

	/** Where the row of an indexed location is now: its chunk may have been folded into a larger one. */
	async currentLocation(indexed: Location): Promise<Location> {
		if (this.cache.has(indexed.chunk)) return indexed
		const [alias] = await this.sql.all<{ target: number; first: number }>({
			sql: 'SELECT target, first FROM log_alias WHERE id = ?',
			params: [indexed.chunk],
		})
		return alias ? { chunk: alias.target, row: alias.first + indexed.row } : indexed
	}

	async chunk(id: number): Promise<StoredChunk | undefined> {
		const known = this.cache.get(id)
		if (known) return known
		const chunk = await this.read(id)
		if (chunk) this.cache.set(id, chunk)
		return chunk
	}

	private async row(id: number): Promise<ChunkRow | undefined> {
		const [row] = await this.sql.all<ChunkRow>({
			sql: `SELECT kind, series, grid AS bins, ids, body, file, file_row AS fileRow, rows,
				(SELECT sha256 FROM log_archive a WHERE a.file = c.file) AS sha256 FROM log_chunk c WHERE id = ?`,
			params: [id],
		})
		return row
	}

	private async read(id: number, only?: number): Promise<StoredChunk | undefined> {
		const row = await this.row(id)
		if (!row) return undefined
		const { kind, series, bins, ids, body } = row
		const batch =
			ids && body
				? decodeChunk(ids, await this.codec.decompress(body), only)
				: await this.fromArchive(row, only)
		return { id, kind, series, bins, batch: await this.opened(batch) }
	}

	private opened(batch: RowBatch): RowBatch | Promise<RowBatch> {
		return batch.sealed && this.opens ? openRows(this.codec.vault, batch) : batch
	}

	/** A chunk whose texts include this one, without keeping it: for reading each chunk once. */
	async chunkWithText(id: number, text: string): Promise<StoredChunk | 'without' | 'missing'> {
		const row = await this.row(id)
		if (!row) return 'missing'
		const { ids, body, kind, series, bins } = row
		if (!ids || !body)
			return { id, kind, series, bins, batch: await this.opened(await this.fromArchive(row)) }
		const plain = await this.codec.decompress(body)
		if (hasNoIds(ids)) return { id, kind, series, bins, batch: await this.opened(decodeChunk(ids, plain)) }
		return textsOf(plain).includes(JSON.stringify(text))
			? { id, kind, series, bins, batch: decodeChunk(ids, plain) }
			: 'without'
	}

	private fromArchive({ file, fileRow, rows, sha256 }: ChunkRow, only?: number): Promise<RowBatch> {
		if (!this.readArchive || file === null)
			throw new RangeError('this chunk is in an archive file, which this process cannot read')
		const [first, count] = only === undefined ? [fileRow, rows] : [fileRow + only, 1]
		return this.readArchive(file, sha256 ?? undefined, first, count)
	}

	forget(): void {
		this.cache.clear()
	}
}
