import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { workerData } from 'node:worker_threads'
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { BoundedCache } from '../../core/bounded-cache.ts'
import { serveThread } from '../../platform/node/serve-thread.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { fromArchive, jsonColumnsKey } from '../codec/archive-rows.ts'

// The thread that reads rows of archive files. It does not parse a file whose digest is not that of the written one.

export type ArchiveQuery = {
	file: string
	/** Undefined for a file that was written before digests were stored. */
	sha256: string | undefined
	first: number
	count: number
}

const maxOpen = 16

type Opened = { stamp: string; metadata: FileMetaData; json: ReadonlySet<string> }
const opened = new BoundedCache<string, Opened>({ max: maxOpen })

async function digestOf(path: string): Promise<string> {
	const hash = createHash('sha256')
	for await (const part of createReadStream(path)) hash.update(part as Uint8Array)
	return hash.digest('hex')
}

async function open(path: string, sha256: string | undefined): Promise<Opened> {
	const { size, mtimeMs } = await stat(path)
	const stamp = `${size} ${mtimeMs}`
	const known = opened.get(path)
	if (known?.stamp === stamp) return known
	if (sha256 !== undefined && (await digestOf(path)) !== sha256)
		throw new Error('its content is not what was written')
	const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path))
	const text = metadata.key_value_metadata?.find((kv) => kv.key === jsonColumnsKey)?.value ?? '[]'
	const file = { stamp, metadata, json: new Set(JSON.parse(text) as string[]) }
	opened.set(path, file)
	return file
}

const { folder } = workerData as { folder: string }

async function read({ file: name, sha256, first, count }: ArchiveQuery): Promise<RowBatch> {
	try {
		const path = join(folder, name)
		const { metadata, json } = await open(path, sha256)
		const file = await asyncBufferFromFile(path)
		const rows = await parquetReadObjects({ file, metadata, rowStart: first, rowEnd: first + count })
		if (rows.length !== count) throw new Error(`it has ${rows.length} of the ${count} rows`)
		return fromArchive(rows, json)
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException
		throw new Error(code === 'ENOENT' ? 'it is missing' : message.slice(0, 200))
	}
}

const calls = { read }
export type ArchiveCalls = typeof calls
serveThread(calls)
