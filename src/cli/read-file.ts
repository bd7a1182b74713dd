import { createReadStream } from 'node:fs'
import { open as openFile, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AppError } from '../core/errors.ts'
import { gunzip } from '../core/gunzip.ts'

export type FileFormat = 'csv' | 'ndjson' | 'parquet'

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
	/** Names the content cheaply: size and time of change. */
	stamp: string
	/** The bytes as they are on disk; `onBytes` hears how many have been read. */
	open(onBytes?: (read: number) => void): ReadableStream<Uint8Array>
}

/**
 * A data file by its name: .csv, .ndjson, .jsonl or .parquet, each also with .gz; or of the format that is `known`. Throws
 * with what to do.
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
		// What a pipe holds cannot be looked at beforehand.
		gzipped: path.endsWith('.gz') || (info.isFile() && (await isGzip(path).catch(unreadable))),
		bytes: info.size,
		stamp: `${info.size}-${Math.round(info.mtimeMs)}`,
		open: (onBytes) => open(path, onBytes),
	}
}

/** By its first two bytes: browsers and scripts pack a file and leave its name. */
async function isGzip(path: string): Promise<boolean> {
	const handle = await openFile(path)
	try {
		const { bytesRead, buffer } = await handle.read(new Uint8Array(2), 0, 2, 0)
		return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
	} finally {
		await handle.close()
	}
}

function open(path: string, onBytes?: (read: number) => void): ReadableStream<Uint8Array> {
	const file = createReadStream(path, { highWaterMark: 256 * 1024 })
	let read = 0
	file.on('data', (chunk) => {
		read += chunk.length
		onBytes?.(read)
	})
	return Readable.toWeb(file) as unknown as ReadableStream<Uint8Array>
}

/** The bytes with gzip undone. */
export const plainBytes = (file: InputFile, onBytes?: (read: number) => void): ReadableStream<Uint8Array> =>
	file.gzipped ? gunzip(file.open(onBytes)) : file.open(onBytes)
