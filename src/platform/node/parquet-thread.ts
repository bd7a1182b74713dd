import { open } from 'node:fs/promises'
import { workerData } from 'node:worker_threads'
import type { AsyncBuffer } from 'hyparquet'
import { openParquet, type ParquetLimits, ParquetPages, readMetadata } from '../../tables/parquet.ts'
import { serveThread } from './serve-thread.ts'

export type ParquetSource =
	| { path: string; bytes?: undefined }
	| { bytes: Uint8Array<ArrayBuffer>; path?: undefined }
export type ThreadData = { source: ParquetSource; limits: ParquetLimits | undefined }

async function readFrom(path: string): Promise<AsyncBuffer> {
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
const opening = (async () =>
	source.path === undefined
		? {
				byteLength: source.bytes.length,
				slice: (from: number, to?: number) => source.bytes.slice(from, to).buffer,
			}
		: readFrom(source.path))()
let table: ReturnType<typeof openParquet> | undefined
let pages: ParquetPages | undefined

const tableOf = async () => {
	const file = await opening
	table ??= openParquet(file, limits)
	return table
}

const calls = {
	metadata: async () => readMetadata(await opening, limits),
	async open() {
		const { columns, groups } = await tableOf()
		return { columns, groups }
	},
	async cells({ column, group }: { column: number; group: number }) {
		const file = await opening
		pages ??= new ParquetPages(file, await readMetadata(file, limits), limits)
		return pages.cells(column, group)
	},
	async rows({ group, from, to }: { group: number; from: number; to: number }) {
		return (await tableOf()).rows(group, from, to)
	},
}
export type ParquetCalls = typeof calls
serveThread(calls)
