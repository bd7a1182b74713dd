import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { AppError } from '../../core/errors.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { Thread, ThreadError, threadUrl } from '../../platform/node/thread.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { concatBatches, joinable } from '../../summaries/inputs/select-rows.ts'
import { jsonColumnsKey, toArchive } from '../codec/archive-rows.ts'
import type { Codec } from '../codec/codec.ts'
import { erasuresOf, noErasureSince } from '../erase/erased-ids.ts'
import { ChunkStore, type ReadArchive } from '../read/chunk-store.ts'
import type { ArchiveCalls, ArchiveQuery } from './archive-thread-node.ts'

const maxFileRows = 200_000
/** For the rows of one chunk, some thousand, or for checking the digest of a whole file. */
const deadlineMs = 20_000
const maxMegabytes = 1024
const retryAfterMs = 60_000

/**
 * Reads rows of the Parquet files in `folder`, on a thread. Throws `unavailable` for a file that is damaged or missing, and
 * again, without reading it, until the file changes.
 */
export function archiveReader(folder: string): { read: ReadArchive; close(): void } {
	let thread: Thread<ArchiveCalls> | undefined
	const damaged = new Map<string, { stamp: string; error: AppError }>()
	const stampOf = async (file: string) => {
		const info = await stat(join(folder, file)).catch(() => undefined)
		return `${info?.size} ${info?.mtimeMs}`
	}
	const query = async (q: ArchiveQuery): Promise<RowBatch> => {
		const { file } = q
		const stamp = await stampOf(file)
		const known = damaged.get(file)
		if (known?.stamp === stamp) throw known.error
		damaged.delete(file)
		if (!thread || thread.isEnded)
			thread = new Thread(threadUrl('archive-thread-node', import.meta.url), {
				deadlineMs,
				megabytes: maxMegabytes,
				workerData: { folder },
			})
		try {
			return await thread.call('read', q)
		} catch (cause) {
			if (!(cause instanceof ThreadError)) throw cause
			const error = new AppError(
				'unavailable',
				`The archive file ${file} cannot be read: ${cause.message}. Restore it from a backup.`,
				{ retryAfterMs, cause },
			)
			damaged.set(file, { stamp, error })
			throw error
		}
	}
	return {
		read: (file, sha256, first, count) => query({ file, sha256, first, count }),
		close: () => void thread?.close(),
	}
}

type Chunk = { id: number; kind: number; day: number; rows: number }

/** Names of the files of each kind, by its number. */
const kindNames = ['', 'predictions', 'features', 'outcomes', 'groups']

/**
 * Moves the chunks of a model whose rows are all older than `before` (ms since the epoch) to Parquet files, one or more for each
 * kind and UTC day. A file is complete and on disk before the chunks refer to it. Returns the number of rows moved.
 */
export async function archiveChunks(
	sql: Sql,
	codec: Codec,
	folder: string,
	model: string,
	before: number,
): Promise<number> {
	const chunks = await sql.all<Chunk>({
		sql: `SELECT c.id AS id, c.kind AS kind, c.day AS day, c.rows AS rows
			FROM log_series s JOIN log_chunk c ON c.series = s.id
			WHERE s.model = ? AND s.segment = '' AND c.day < ? AND c.to_ms < ? AND c.body IS NOT NULL ORDER BY c.day, c.id`,
		params: [model, Math.ceil(before / dayMs), before],
	})
	// Encrypted rows are moved as they are.
	const store = new ChunkStore(sql, codec, undefined, false)
	let moved = 0
	for (const file of splitIntoFiles(chunks)) {
		// Rows that were erased meanwhile must not be written again.
		store.forget()
		const erasures = await erasuresOf(sql)
		for (const run of await readChunks(store, file))
			moved += await writeFile(sql, folder, model, run, erasures)
	}
	await sql.batch([{ sql: 'DELETE FROM log_waiting WHERE model = ? AND at < ?', params: [model, before] }])
	return moved
}

function splitIntoFiles(chunks: readonly Chunk[]): Chunk[][] {
	const list: Chunk[][] = []
	const open = new Map<string, { chunks: Chunk[]; rows: number }>()
	for (const chunk of chunks) {
		const key = `${chunk.kind} ${chunk.day}`
		let file = open.get(key)
		if (!file || file.rows + chunk.rows > maxFileRows) {
			file = { chunks: [], rows: 0 }
			open.set(key, file)
			list.push(file.chunks)
		}
		file.chunks.push(chunk)
		file.rows += chunk.rows
	}
	return list
}

// Ids stay until a run on disk holds their keys: until then the key index in memory is rebuilt from them.
const moveSql = `UPDATE log_chunk SET body = NULL, file = ?, file_row = ?,
	ids = CASE WHEN id <= (SELECT coalesce(max(last_chunk), 0) FROM log_key_run WHERE ready = 1) THEN NULL ELSE ids END
	WHERE id = ?`

type Loaded = Chunk & { batch: RowBatch }

/** The chunks of a file; split into several files where chunks share too few columns. */
async function readChunks(store: ChunkStore, chunks: readonly Chunk[]): Promise<Loaded[][]> {
	const loaded: Loaded[] = []
	for (const chunk of chunks) {
		const stored = await store.chunk(chunk.id)
		if (stored) loaded.push({ ...chunk, batch: stored.batch })
	}
	return joinable(loaded, ({ batch }) => batch)
}

async function writeFile(
	sql: Sql,
	folder: string,
	model: string,
	chunks: Loaded[],
	erasures: number,
): Promise<number> {
	const head = chunks[0] as Loaded
	const content = parquetOf(chunks.map(({ batch }) => batch))
	const day = formatTime(head.day * dayMs).slice(0, 10)
	const name = `${encodeURIComponent(model)}/${kindNames[head.kind]}-${day}-${head.id}.parquet`
	await writeDurably(join(folder, name), content)
	const sha256 = createHash('sha256').update(content).digest('hex')
	let first = 0
	const moves = chunks.map((chunk) => {
		const params = [name, first, chunk.id]
		first += chunk.rows
		return { sql: moveSql, params }
	})
	const statements = [
		noErasureSince(erasures),
		{
			sql: `INSERT INTO log_archive (file, bytes, sha256) VALUES (?1, ?2, ?3)
				ON CONFLICT (file) DO UPDATE SET bytes = ?2, sha256 = ?3`,
			params: [name, content.length, sha256],
		},
		...moves,
	]
	await sql.batch(statements).catch(async (error) => {
		await removeUnused(sql, folder, [name])
		throw error
	})
	return first
}

/** An archive file with a group of rows for each batch. */
export function parquetOf(batches: readonly RowBatch[]): Uint8Array {
	const columns = toArchive(concatBatches(batches))
	const jsonColumns = columns.filter((c) => c.type === 'JSON').map((c) => c.name)
	return new Uint8Array(
		parquetWriteBuffer({
			columnData: columns.map(({ name, type, data }) => ({
				name,
				data,
				type: type === 'JSON' ? 'STRING' : type,
				nullable: true,
			})),
			rowGroupSize: batches.map((b) => b.rows),
			kvMetadata: [{ key: jsonColumnsKey, value: JSON.stringify(jsonColumns) }],
		}),
	)
}

/** Deletes the files that no chunk is in. */
export async function removeUnused(sql: Sql, folder: string, files: readonly string[]): Promise<void> {
	for (const file of files) {
		const used = await sql.all({
			sql: 'SELECT 1 AS used FROM log_chunk WHERE file = ? LIMIT 1',
			params: [file],
		})
		if (used.length === 0) await rm(join(folder, file), { force: true })
	}
}

export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
	await mkdir(dirname(path), { recursive: true })
	const file = await open(`${path}.part`, 'w')
	await file.writeFile(bytes)
	await file.sync()
	await file.close()
	await rename(`${path}.part`, path)
}
