import { open } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { AsyncBuffer, FileMetaData } from 'hyparquet'
import { AppError, type ErrorCode } from '../../core/errors.ts'
import {
	openParquet,
	type ParquetColumn,
	type ParquetLimits,
	ParquetPages,
	readMetadata,
} from '../../tables/parquet.ts'

// A thread that reads one Parquet file as it is asked to.

export type ParquetSource =
	| { path: string; bytes?: undefined }
	| { bytes: Uint8Array<ArrayBuffer>; path?: undefined }
export type ThreadData = { source: ParquetSource; limits: ParquetLimits | undefined }
export type Question =
	| { kind: 'open' }
	| { kind: 'metadata' }
	| { kind: 'read'; column: number; group: number }
	| { kind: 'rows'; group: number; from: number; to: number }
export type Opened = { columns: readonly ParquetColumn[]; groups: readonly number[] }
export type Reply =
	| { value: Opened | FileMetaData | readonly unknown[] }
	| { refused: { code: ErrorCode; message: string } }

/** A file on disk, a part at a time. */
async function fileAt(path: string): Promise<AsyncBuffer> {
	const handle = await open(path)
	const { size } = await handle.stat()
	return {
		byteLength: size,
		slice: async (from, to = size) => {
			const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from))
			await handle.read(bytes, 0, bytes.length, from)
			return bytes.buffer
		},
	}
}

const { source, limits } = workerData as ThreadData
const port = parentPort as NonNullable<typeof parentPort>
const opening = (async () =>
	source.path === undefined
		? {
				byteLength: source.bytes.length,
				slice: (from: number, to?: number) => source.bytes.slice(from, to).buffer,
			}
		: fileAt(source.path))()
let table: ReturnType<typeof openParquet> | undefined
let pages: ParquetPages | undefined

async function replyTo(question: Question): Promise<Reply> {
	try {
		const file = await opening
		if (question.kind === 'metadata') return { value: await readMetadata(file, limits) }
		if (question.kind === 'read') {
			pages ??= new ParquetPages(file, await readMetadata(file, limits), limits)
			return { value: await pages.cells(question.column, question.group) }
		}
		table ??= openParquet(file, limits)
		const { columns, groups, rows } = await table
		return {
			value:
				question.kind === 'open'
					? { columns, groups }
					: await rows(question.group, question.from, question.to),
		}
	} catch (error) {
		// An error that is sent as it is loses its class.
		if (!(error instanceof AppError)) throw error
		return { refused: { code: error.code, message: error.message } }
	}
}

port.on('message', (question: Question) => {
	void replyTo(question).then((reply) => port.postMessage(reply))
})
