import {
	type AsyncBuffer,
	type ColumnMetaData,
	type Compressors,
	type FileMetaData,
	type ParquetParsers,
	parquetMetadataAsync,
	parquetScan,
	parquetSchema,
	type SchemaElement,
	type SchemaTree,
} from 'hyparquet'
import { compressors as allCompressors } from 'hyparquet-compressors'
import { AppError } from '../core/errors.ts'
import { release } from './memory.ts'
import { isPlainColumn, readPages } from './parquet-pages.ts'
import { converterOf, nestedCell, type Raw } from './parquet-values.ts'

export type ParquetColumn = {
	name: string
	/** The kind of a nested column, such as `struct`; undefined for single values. */
	nested: string | undefined
}

/** An open Parquet file. Cells are as `converterOf` makes them; nested cells are JSON values. */
export type ParquetTable = {
	columns: readonly ParquetColumn[]
	/** The number of rows of each row group. */
	groups: readonly number[]
	/** The cells of rows [from, to) of a row group, by column. */
	rows(group: number, from: number, to: number): Promise<readonly (readonly unknown[])[]>
	close(): Promise<void>
}

/** Opens a file from its bytes, which it keeps. */
export type OpenParquet = (bytes: Uint8Array<ArrayBuffer>, limits: ParquetLimits) => Promise<ParquetTable>

/** How much a file may unpack to, and how much a page may grow. */
export type ParquetLimits = { gunzippedBytes: number; gunzipRatio: number }

const maxRows = 100_000_000
/** Up to this many cells, their number is not compared with the bytes of the file. */
const freeCells = 2_000_000

/** Reads the index of a file. A damaged file can keep the library busy forever, so callers use a thread. */
export async function readMetadata(file: AsyncBuffer, limits?: ParquetLimits): Promise<FileMetaData> {
	const metadata = await guarded(() => parquetMetadataAsync(file))
	checkSize(metadata, file.byteLength, limits)
	return metadata
}

/** Opens a file in this thread. One row group is in memory at a time. */
export async function openParquet(file: AsyncBuffer, limits?: ParquetLimits): Promise<ParquetTable> {
	const pages = new ParquetPages(file, await readMetadata(file, limits), limits)
	let held: { group: number; cells: (readonly unknown[])[] } | undefined
	const rows = async (group: number, from: number, to: number) => {
		if (held?.group !== group) {
			const cells: (readonly unknown[])[] = []
			for (const column of pages.columns.keys()) cells.push(await pages.cells(column, group))
			held = { group, cells }
		}
		return held.cells.map((column) => column.slice(from, to))
	}
	return { columns: pages.columns, groups: pages.groups, rows, close: async () => {} }
}

/** The columns of a file, page by page. */
export class ParquetPages {
	readonly columns: readonly ParquetColumn[]
	readonly groups: readonly number[]
	private readonly file: AsyncBuffer
	private readonly metadata: FileMetaData
	private readonly fields: readonly SchemaTree[]
	private readonly compressors: Compressors

	constructor(file: AsyncBuffer, metadata: FileMetaData, limits?: ParquetLimits) {
		this.file = file
		this.metadata = metadata
		this.fields = parquetSchema(metadata).children
		this.columns = this.fields.map((field) => ({ name: field.element.name, nested: nestedName(field) }))
		this.groups = metadata.row_groups.map((group) => Number(group.num_rows))
		this.compressors = bounded(limits)
	}

	/**
	 * Passes the cells of a flat column to `take`, page by page. False when its pages are not plain: no cell was passed.
	 */
	async give(column: number, group: number, take: (cell: unknown) => void): Promise<boolean> {
		const { element } = this.fields[column] as SchemaTree
		const meta = this.chunkOf(column, group)
		if (!meta || !isPlainColumn(element, meta)) return false
		return await guarded(async () => {
			const from = Number(meta.dictionary_page_offset || meta.data_page_offset)
			const bytes = new Uint8Array(await this.file.slice(from, from + Number(meta.total_compressed_size)))
			const convert = converterOf(element)
			let rows = 0
			const isRead = readPages(bytes, { meta, element, compressors: this.compressors, convert }, (cell) => {
				rows++
				take(cell)
			})
			release(bytes)
			if (isRead && rows !== this.groups[group])
				throw new Error(
					`the column ${JSON.stringify(element.name)} has ${rows} of ${this.groups[group]} rows`,
				)
			return isRead
		})
	}

	/** All cells of a column of one row group. */
	async cells(column: number, group: number): Promise<readonly unknown[]> {
		const cells: unknown[] = []
		const isRead = await this.give(column, group, (cell) => cells.push(cell))
		return isRead ? cells : await this.read(column, group)
	}

	/** The same with the library: nested columns and rarer encodings. */
	async read(column: number, group: number): Promise<unknown[]> {
		const { element, children } = this.fields[column] as SchemaTree
		const isFlat = children.length === 0 && element.repetition_type !== 'REPEATED'
		const convert = isFlat ? converterOf(element) : nestedCell
		return await guarded(async () => {
			const rowStart = this.groups.slice(0, group).reduce((sum, rows) => sum + rows, 0)
			const rowEnd = rowStart + (this.groups[group] as number)
			if (rowEnd === rowStart) return []
			const scan = await parquetScan({
				file: this.file,
				metadata: unannotated(this.metadata),
				columns: [element.name],
				compressors: this.compressors,
				utf8: false,
				parsers: { ...nestedParsers, timestampFromNanoseconds: isFlat ? same : nanosText },
			})
			const cells = await scan.readColumn({ column: element.name, rowStart, rowEnd })
			return Array.from(cells as ArrayLike<Raw | null | undefined>, (raw) =>
				raw === null || raw === undefined ? null : convert(raw),
			)
		})
	}

	/** The chunk of a flat column, by position, since names may repeat. */
	private chunkOf(column: number, group: number): ColumnMetaData | undefined {
		const leaves = (field: SchemaTree): number =>
			field.children.length === 0 ? 1 : field.children.reduce((sum, child) => sum + leaves(child), 0)
		const before = this.fields.slice(0, column).reduce((sum, field) => sum + leaves(field), 0)
		return this.metadata.row_groups[group]?.columns[before]?.meta_data
	}
}

function nestedName({ element, children }: SchemaTree): string | undefined {
	const kind = element.logical_type?.type ?? element.converted_type
	if (kind === 'LIST' || element.repetition_type === 'REPEATED') return 'list'
	if (kind === 'MAP' || kind === 'MAP_KEY_VALUE') return 'map'
	return children.length > 0 ? 'struct' : undefined
}

/** Without the logical types of flat columns: the library then returns what is in the pages, for `converterOf`. */
function unannotated(metadata: FileMetaData): FileMetaData {
	const flat = new Set(
		parquetSchema(metadata)
			.children.filter((field) => field.children.length === 0)
			.map((field) => field.element),
	)
	const bare = ({ converted_type: _, logical_type: __, ...rest }: SchemaElement): SchemaElement => rest
	return { ...metadata, schema: metadata.schema.map((e) => (flat.has(e) ? bare(e) : e)) }
}

const same = (value: unknown) => value
const nanosText = (nanos: bigint) => new Date(Number(nanos / 1_000_000n))
const bytesOf = (bytes: Uint8Array | undefined) => bytes && nestedCell(bytes)
const nestedParsers: Partial<ParquetParsers> = {
	stringFromBytes: bytesOf,
	jsonFromBytes: bytesOf,
	geometryFromBytes: bytesOf,
	geographyFromBytes: bytesOf,
}

/** The library throws plain errors for everything that is wrong in a file. */
async function guarded<T>(read: () => T | Promise<T>): Promise<T> {
	try {
		return await read()
	} catch (cause) {
		if (cause instanceof AppError) throw cause
		const reason = (cause as Error).message.slice(0, 300)
		throw new AppError('malformed', `The file cannot be read as Parquet: ${reason}.`, { cause })
	}
}

/** Checks the claimed size of a file before any of it is unpacked. */
function checkSize(metadata: FileMetaData, fileBytes: number, limits: ParquetLimits | undefined): void {
	const rows = metadata.row_groups.map((group) => Number(group.num_rows))
	const all = rows.reduce((sum, n) => sum + n, 0)
	if (!(all <= maxRows) || rows.some((n) => n < 0))
		throw new AppError('too-large', `The Parquet file claims ${all} rows; at most ${maxRows} are read.`)
	// One run-length byte can encode a million cells.
	const cells = all * parquetSchema(metadata).children.length
	if (limits && cells > freeCells + fileBytes * limits.gunzipRatio)
		throw new AppError(
			'too-large',
			`The Parquet file claims ${cells} cells in ${fileBytes} bytes (limit gunzipRatio). Send a sample, or several files.`,
		)
	const bytes = metadata.row_groups
		.flatMap((group) => group.columns)
		.reduce((sum, chunk) => sum + Number(chunk.meta_data?.total_uncompressed_size ?? 0), 0)
	if (limits && !(bytes <= limits.gunzippedBytes))
		throw new AppError(
			'too-large',
			`The Parquet file is over ${limits.gunzippedBytes} bytes when unpacked (limit gunzippedBytes).`,
		)
}

/** Decompressors that check the unpacked size in the page header, which the file's index may contradict. */
function bounded(limits: ParquetLimits | undefined): Compressors {
	const { gunzippedBytes = 2 ** 31, gunzipRatio = Number.POSITIVE_INFINITY } = limits ?? {}
	const wrap =
		(unpack: (input: Uint8Array, length: number) => Uint8Array) => (input: Uint8Array, length: number) => {
			if (length > gunzippedBytes || length > 2 ** 20 + input.length * gunzipRatio * 10)
				throw new AppError(
					'too-large',
					`A page of the Parquet file unpacks to ${length} bytes (limits gunzippedBytes, gunzipRatio).`,
				)
			// Some decompressors cannot return an empty result.
			return length === 0 ? new Uint8Array(0) : unpack(input, length)
		}
	return Object.fromEntries(Object.entries(allCompressors).map(([name, unpack]) => [name, wrap(unpack)]))
}
