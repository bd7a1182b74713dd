import {
	type AsyncBuffer,
	type ColumnMetaData,
	type FileMetaData,
	parquetMetadataAsync,
	parquetScan,
	parquetSchema,
	type SchemaElement,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { AppError } from '../core/errors.ts'
import { release } from './memory.ts'
import { isPlainColumn, readPages } from './parquet-pages.ts'
import { attach, type Table, type Wanted } from './read-table.ts'

/**
 * Reads a Parquet table into columns: one after the other, a row group at a time, so that only one column of one row
 * group is in memory. Throws `malformed` for what is not Parquet.
 */
export async function readParquet(file: AsyncBuffer, wanted: readonly Wanted[]): Promise<Table> {
	const metadata = await guarded(() => parquetMetadataAsync(file))
	const elements = parquetSchema(metadata).children.map((child) => child.element)
	const names = elements.map((element) => element.name)
	const takers = attach(wanted, names)
	for (const [i, element] of elements.entries()) {
		const own = takers[i] as Wanted['takers']
		const take = (value: unknown) => {
			for (const taker of own) taker.addValue(plain(value))
		}
		if (own.length > 0) await guarded(() => readColumn({ file, metadata, element }, take))
	}
	return { rows: Number(metadata.num_rows), names }
}

type Source = { file: AsyncBuffer; metadata: FileMetaData; element: SchemaElement }

async function readColumn(source: Source, take: (value: unknown) => void): Promise<void> {
	const { file, metadata, element } = source
	const chunks = metadata.row_groups
		.map((group) => group.columns.find((c) => c.meta_data?.path_in_schema[0] === element.name)?.meta_data)
		.filter((meta) => meta !== undefined)
	const isPlain = chunks.length === metadata.row_groups.length && isPlainColumn(element, chunks)
	for (const [i, meta] of chunks.entries())
		if (!(isPlain && (await readPlainly(file, element, meta, take)))) return readRest(source, i, take)
	if (chunks.length < metadata.row_groups.length) await readRest(source, chunks.length, take)
}

async function readPlainly(
	file: AsyncBuffer,
	element: SchemaElement,
	meta: ColumnMetaData,
	take: (value: unknown) => void,
): Promise<boolean> {
	const from = Number(meta.dictionary_page_offset || meta.data_page_offset)
	const bytes = new Uint8Array(await file.slice(from, from + Number(meta.total_compressed_size)))
	const isOptional = element.repetition_type === 'OPTIONAL'
	const isRead = readPages(bytes, { meta, isOptional, compressors }, take)
	release(bytes)
	return isRead
}

/** From a row group on, whatever the column is: nested, a time, or packed in a rarer way. */
async function readRest(
	{ file, metadata, element }: Source,
	group: number,
	take: (value: unknown) => void,
): Promise<void> {
	const column = element.name
	const before = metadata.row_groups.slice(0, group).reduce((rows, g) => rows + Number(g.num_rows), 0)
	// A scan keeps what it read last: each column has its own.
	const scan = await parquetScan({ file, metadata, columns: [column], compressors })
	for (const { rowStart, rowEnd } of scan.ranges) {
		if (rowStart < before) continue
		const cells = await scan.readColumn({ column, rowStart, rowEnd })
		for (let i = 0; i < cells.length; i++) take(cells[i])
	}
}

const decoder = new TextDecoder()
const plain = (value: unknown) => (value instanceof Uint8Array ? decoder.decode(value) : value)

/** The reader throws plain errors for whatever is wrong in a file. */
async function guarded<T>(read: () => T | Promise<T>): Promise<T> {
	try {
		return await read()
	} catch (cause) {
		throw new AppError(
			'malformed',
			`The file is not Parquet that can be read: ${(cause as Error).message.slice(0, 300)}`,
			{ cause },
		)
	}
}
