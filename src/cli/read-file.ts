import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { AsyncBuffer } from 'hyparquet'
import { AppError } from '../core/errors.ts'
import { gunzip } from '../core/gunzip.ts'
import type { Table, Wanted } from '../tables/read-table.ts'
import type { Terminal } from './command.ts'
import { Progress } from './progress.ts'

type FileFormat = 'csv' | 'ndjson' | 'parquet'

const types: Record<FileFormat, string> = {
	csv: 'text/csv',
	ndjson: 'application/x-ndjson',
	parquet: 'application/vnd.apache.parquet',
}
const endings: Record<string, FileFormat> = {
	csv: 'csv',
	ndjson: 'ndjson',
	jsonl: 'ndjson',
	parquet: 'parquet',
}

export type InputFile = {
	path: string
	format: FileFormat
	/** The media type of the content. */
	type: string
	gzipped: boolean
	bytes: number
	/** Identifies the content cheaply: size and time of modification. */
	stamp: string
	/** The bytes as they are on disk; `onBytes` gets the number of bytes read so far. */
	open(onBytes?: (read: number) => void): ReadableStream<Uint8Array>
}

/** A data file: its format is `known`, or the name ends in .csv, .ndjson, .jsonl or .parquet, also with .gz. */
export async function inputFile(path: string, known?: FileFormat): Promise<InputFile> {
	const ending = path.replace(/\.gz$/i, '').split('.').at(-1)?.toLowerCase() ?? ''
	const format = known ?? endings[ending]
	if (!format)
		throw new AppError(
			'invalid',
			`${path}: the name must end in .csv, .ndjson or .parquet (also with .gz), which gives its format.`,
		)
	const unreadable = (cause: NodeJS.ErrnoException) => {
		const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message
		throw new AppError('not-found', `${path} cannot be read: ${why}.`, { cause })
	}
	const info = await stat(path).catch(unreadable)
	if (info.isDirectory()) throw new AppError('invalid', `${path} is a folder.`)
	return {
		path,
		format,
		type: types[format],
		// A pipe cannot be read beforehand.
		gzipped: path.endsWith('.gz') || (info.isFile() && (await isGzip(path).catch(unreadable))),
		bytes: info.size,
		stamp: `${info.size}-${Math.round(info.mtimeMs)}`,
		open: (onBytes) => streamOf(path, onBytes),
	}
}

/** By its first two bytes: browsers and scripts may compress a file without renaming it. */
async function isGzip(path: string): Promise<boolean> {
	const handle = await open(path)
	try {
		const { bytesRead, buffer } = await handle.read(new Uint8Array(2), 0, 2, 0)
		return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
	} finally {
		await handle.close()
	}
}

function streamOf(path: string, onBytes?: (read: number) => void): ReadableStream<Uint8Array> {
	const file = createReadStream(path, { highWaterMark: 256 * 1024 })
	let read = 0
	file.on('data', (chunk) => {
		read += chunk.length
		onBytes?.(read)
	})
	return Readable.toWeb(file) as unknown as ReadableStream<Uint8Array>
}

/** The bytes, unpacked. */
export const plainBytes = (file: InputFile, onBytes?: (read: number) => void): ReadableStream<Uint8Array> =>
	file.gzipped ? gunzip(file.open(onBytes)) : file.open(onBytes)

const bytesAtOnce = 256 * 1024

/** Reads the wanted columns of a data file. Errors name the file. */
export async function readColumns(
	terminal: Terminal,
	path: string,
	wanted: readonly Wanted[],
): Promise<Table> {
	const file = await inputFile(path)
	const progress = new Progress(terminal, file.bytes)
	try {
		return await readTable(file, wanted, (bytes) => progress.update(bytes, 0))
	} catch (error) {
		if (error instanceof AppError)
			throw new AppError(error.code, `${path}: ${error.message}`, { cause: error })
		throw new AppError('malformed', `${path} cannot be read: ${(error as Error).message}.`, { cause: error })
	} finally {
		progress.end()
	}
}

/** Each reader is loaded only when it is needed. */
async function readTable(
	file: InputFile,
	wanted: readonly Wanted[],
	onBytes: (read: number) => void,
): Promise<Table> {
	if (file.format === 'parquet') {
		const { readParquet } = await import('../tables/read-parquet.ts')
		const { ParquetThread } = await import('../platform/node/parquet.ts')
		const access = await randomAccess(file)
		const general = new ParquetThread(
			file.gzipped ? { bytes: new Uint8Array(await access.slice(0)) } : { path: file.path },
		)
		try {
			return await readParquet(access, wanted, general)
		} finally {
			await general.close()
		}
	}
	if (file.format === 'csv')
		return await (await import('../tables/read-csv.ts')).readCsv(chunks(file, onBytes), wanted)
	return await (await import('../tables/read-ndjson.ts')).readNdjson(chunks(file, onBytes), wanted)
}

/** The unpacked bytes in chunks; the buffer of a chunk is reused for the next one. */
async function* chunks(file: InputFile, onBytes: (read: number) => void): AsyncGenerator<Uint8Array> {
	if (file.gzipped) return yield* plainBytes(file, onBytes)
	const handle = await open(file.path)
	try {
		const buffer = new Uint8Array(bytesAtOnce)
		for (let read = 0; ; ) {
			const { bytesRead } = await handle.read(buffer)
			if (bytesRead === 0) return
			read += bytesRead
			onBytes(read)
			yield buffer.subarray(0, bytesRead)
		}
	} finally {
		await handle.close()
	}
}

async function randomAccess(file: InputFile): Promise<AsyncBuffer> {
	if (file.gzipped) {
		const bytes = await new Response(
			plainBytes(file) as ReadableStream<Uint8Array<ArrayBuffer>>,
		).arrayBuffer()
		return { byteLength: bytes.byteLength, slice: (from, to) => bytes.slice(from, to) }
	}
	return {
		byteLength: file.bytes,
		slice: async (from, to = file.bytes) => {
			const handle = await open(file.path)
			try {
				const bytes = new Uint8Array(Math.max(0, Math.min(to, file.bytes) - from))
				await handle.read(bytes, 0, bytes.length, from)
				return bytes.buffer
			} finally {
				await handle.close()
			}
		},
	}
}
