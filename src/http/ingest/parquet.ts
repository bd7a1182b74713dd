import { anyUse, type Use } from '../../core/breather.ts'
import { collectBytes } from '../../core/collect-bytes.ts'
import { AppError } from '../../core/errors.ts'
import { defaultLimits, type Limits } from '../../core/limits.ts'
import type { OpenParquet, ParquetLimits, ParquetTable } from '../../tables/parquet.ts'
import { bodyError } from './open-body.ts'
import type { ParsedRow } from './parse-rows.ts'
import { type TableSpec, targetsOf, toRow, typedCell } from './table-columns.ts'

const rowsAtOnce = 500

type FileUse = Use & { limits?: Limits }

async function inThisThread(bytes: Uint8Array<ArrayBuffer>, limits: ParquetLimits): Promise<ParquetTable> {
	const { openParquet } = await import('../../tables/parquet.ts')
	const slice = (from: number, to?: number) => bytes.slice(from, to).buffer
	return openParquet({ byteLength: bytes.length, slice }, limits)
}

/**
 * The rows of a Parquet body, some at a time; whoever opened the file holds one row group. Times become RFC 3339 texts, without an offset
 * where the file has no zone; NaN becomes null (it is how data frames write what is missing).
 * Throws `malformed` for what is not Parquet, `too-large` over a limit that it names.
 */
export async function* parquetRows(
	stream: AsyncIterable<Uint8Array>,
	limits: ParquetLimits,
	spec: TableSpec,
	open: OpenParquet = inThisThread,
	use: FileUse = anyUse(),
): AsyncGenerator<ParsedRow[]> {
	const table = await open(await collect(stream, use), limits)
	try {
		const targets = targetsOf(
			table.columns.map((column) => column.name),
			spec,
		)
		let index = 0
		for (const [group, rows] of table.groups.entries())
			for (let from = 0; from < rows; from += rowsAtOnce) {
				const count = Math.min(rowsAtOnce, rows - from)
				const columns = await table.rows(group, from, from + count)
				const some: ParsedRow[] = []
				for (let i = 0; i < count; i++)
					some.push({
						index: index++,
						value: toRow(targets, (target, c) => typedCell(target, columns[c]?.[i])),
					})
				yield some
			}
	} finally {
		await table.close()
	}
}

/** A Parquet file has its index at the end, so it is read whole. */
async function collect(
	stream: AsyncIterable<Uint8Array>,
	{ limits: { parquetBytes } = defaultLimits, hold }: FileUse,
): Promise<Uint8Array<ArrayBuffer>> {
	const bytes = await collectBytes(stream, parquetBytes, 0, hold).catch((error: unknown) => {
		throw bodyError(error)
	})
	if (bytes) return bytes
	throw new AppError(
		'too-large',
		`The Parquet file is over ${parquetBytes} bytes (limit parquetBytes). Send a sample, or NDJSON, which is streamed.`,
	)
}
