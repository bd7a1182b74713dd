import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { AsyncBuffer } from 'hyparquet'
import { AppError } from '../core/errors.ts'
import { gunzip } from '../core/gunzip.ts'
import { readCsv, readNdjson, readParquet, type Table, type Wanted } from '../tables/read-columns.ts'
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
	/** Identifies the content cheaply: size and time of change. */
	stamp: string
	/** The bytes on disk; `onBytes` receives how many have been read. */
	open(onBytes?: (read: number) => void): ReadableStream<Uint8Array>
}

/**
 * A data file by its name: .csv, .ndjson, .jsonl or .parquet, also with .gz; or of the format `known`.
 */
export async function inputFile(path: string, known?: FileFormat): Promise<InputFile> {
	const ending = path.replace(/\.gz$/i, '').split('.').at(-1)?.toLowerCase() ?? ''
	const format = known ?? endings[ending]
	if (!format)
		throw new AppError(
			'invalid',
			`${path}: name the file .csv, .ndjson or .parquet (also with .gz), so that its format is known.`,
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
		// A pipe cannot be read twice.
		gzipped: path.endsWith('.gz') || (info.isFile() && (await isGzip(path).catch(unreadable))),
		bytes: info.size,
		stamp: `${info.size}-${Math.round(info.mtimeMs)}`,
		open: (onBytes) => byteStream(path, onBytes),
	}
}

/** By its first two bytes: browsers and scripts compress a file without renaming it. */
async function isGzip(path: string): Promise<boolean> {
	const handle = await open(path)
	try {
		const { bytesRead, buffer } = await handle.read(new Uint8Array(2), 0, 2, 0)
		return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
	} finally {
		await handle.close()
	}
}

function byteStream(path: string, onBytes?: (read: number) => void): ReadableStream<Uint8Array> {
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

async function readTable(
	file: InputFile,
	wanted: readonly Wanted[],
	onBytes: (read: number) => void,
): Promise<Table> {
	if (file.format === 'parquet') {
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
	const read = file.format === 'csv' ? readCsv : readNdjson
	return await read(chunks(file, onBytes), wanted)
}

/** The unpacked bytes in chunks; a chunk is overwritten when the next one is requested. */
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
