import { open } from 'node:fs/promises'
import type { AsyncBuffer } from 'hyparquet'
import { AppError } from '../core/errors.ts'
import type { Table, Wanted } from '../tables/read-table.ts'
import type { Terminal } from './command.ts'
import { Progress } from './progress.ts'
import { type InputFile, inputFile, plainBytes } from './read-file.ts'

const bytesAtOnce = 256 * 1024

/** Reads the wanted columns of a data file. What goes wrong is said with the file's name. */
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

/** A reader is loaded when there is something for it. */
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

/** The file's bytes with gzip undone, some at a time; a chunk is gone when the next is asked for. */
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
