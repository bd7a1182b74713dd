import {
	type AsyncBuffer,
	type Compressors,
	type FileMetaData,
	parquetMetadataAsync,
	parquetScan,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Limits } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { FeatureSpec } from '../../profile/grid.ts'
import { bodyError } from './open-body.ts'
import type { ParsedRow } from './parse-rows.ts'
import { type Target, targetsOf, toRow } from './table-columns.ts'

/** A Parquet file has its index at the end, so it is read whole. */
const parquetBytes = 256 * 2 ** 20
const mostRows = 100_000_000
const rowsAtOnce = 500

/**
 * The rows of a Parquet body, a row group's columns in memory at a time. Dates become RFC 3339 texts, 64-bit integers
 * numbers, NaN null (it is how data frames write what is missing).
 * Throws `malformed` for what is not Parquet, `too-large` over a limit that it names.
 */
export async function* parquetRows(
	stream: ReadableStream<Uint8Array>,
	limits: Limits,
	features: readonly FeatureSpec[],
): AsyncGenerator<ParsedRow[]> {
	const file = await collect(stream)
	const metadata = await guarded(() => parquetMetadataAsync(file))
	checkSize(metadata, limits)
	const scan = await guarded(() => parquetScan({ file, metadata, compressors: bounded(limits) }))
	const names = topColumns(metadata)
	const targets = targetsOf(names, features, limits.featuresPerRow)
	for (const { rowStart, rowEnd } of scan.ranges) {
		const columns = await guarded(() =>
			Promise.all(names.map((column) => scan.readColumn({ column, rowStart, rowEnd }))),
		)
		for (let from = rowStart; from < rowEnd; from += rowsAtOnce) {
			const rows: ParsedRow[] = []
			for (let index = from; index < Math.min(from + rowsAtOnce, rowEnd); index++)
				rows.push({
					index,
					value: toRow(targets, (target, c) => valueOf(target, columns[c]?.[index - rowStart])),
				})
			yield rows
		}
	}
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<AsyncBuffer> {
	const parts: Uint8Array<ArrayBuffer>[] = []
	let size = 0
	try {
		for await (const part of stream) {
			size += part.byteLength
			if (size > parquetBytes)
				throw new AppError(
					'too-large',
					`The Parquet file is over ${parquetBytes} bytes (limit parquetBytes). Send a sample, or NDJSON, which is streamed.`,
				)
			parts.push(part as Uint8Array<ArrayBuffer>)
		}
	} catch (error) {
		throw bodyError(error)
	}
	const bytes = await new Blob(parts).arrayBuffer()
	return { byteLength: size, slice: (from, to) => bytes.slice(from, to) }
}

/** The reader throws plain errors for whatever is wrong in a file. */
async function guarded<T>(read: () => T | Promise<T>): Promise<T> {
	try {
		return await read()
	} catch (cause) {
		if (cause instanceof AppError) throw cause
		throw new AppError(
			'malformed',
			`The body is not a Parquet file that can be read: ${(cause as Error).message.slice(0, 300)}`,
			{ cause },
		)
	}
}

/** What a file claims to unpack to, before anything of it is unpacked. */
function checkSize(metadata: FileMetaData, limits: Limits): void {
	const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0)
	if (!(rows <= mostRows) || rows < 0)
		throw new AppError('too-large', `The Parquet file claims ${rows} rows; at most ${mostRows} are read.`)
	const bytes = metadata.row_groups
		.flatMap((g) => g.columns)
		.reduce((sum, c) => sum + Number(c.meta_data?.total_uncompressed_size ?? 0), 0)
	if (!(bytes <= limits.gunzippedBytes))
		throw new AppError(
			'too-large',
			`The Parquet file is over ${limits.gunzippedBytes} bytes when unpacked (limit gunzippedBytes).`,
		)
}

/** A page says how large it is when unpacked, whatever the file's index says. */
function bounded(limits: Limits): Compressors {
	const wrap =
		(unpack: (input: Uint8Array, length: number) => Uint8Array) => (input: Uint8Array, length: number) => {
			if (length > limits.gunzippedBytes || length > 2 ** 20 + input.length * limits.gunzipRatio * 10)
				throw new AppError(
					'too-large',
					`A page of the Parquet file unpacks to ${length} bytes (limits gunzippedBytes, gunzipRatio).`,
				)
			return unpack(input, length)
		}
	return Object.fromEntries(Object.entries(compressors).map(([name, unpack]) => [name, wrap(unpack)]))
}

function topColumns({ schema }: FileMetaData): string[] {
	const names: string[] = []
	for (let i = 1; i < schema.length; i = after(schema, i)) names.push((schema[i] as { name: string }).name)
	return names
}

/** The index behind an element and all that is nested in it. */
function after(schema: FileMetaData['schema'], at: number): number {
	let next = at + 1
	for (let left = schema[at]?.num_children ?? 0; left > 0 && next < schema.length; left--)
		next = after(schema, next)
	return next
}

function valueOf(target: Target, value: unknown): unknown {
	if (value === undefined || value === null) return null
	if (target.to === 'member' && target.name === 'predictionId') return String(value)
	if (typeof value === 'bigint') return Number(value)
	if (typeof value === 'number') return Number.isNaN(value) ? null : value
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
	if (value instanceof Uint8Array) return new TextDecoder().decode(value)
	return value
}
