import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { dayMs, formatTime } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { concatBatches } from '../profile/select-rows.ts'
import { fromArchive, toArchive } from './archive-rows.ts'
import type { Codec } from './codec.ts'
import { HotStore, type ReadArchive } from './hot-store.ts'

const jsonColumnsKey = 'plumbline.json_columns'
const maxFileRows = 200_000

/** Reads rows of the Parquet files below `folder`. */
export const archiveReader =
	(folder: string): ReadArchive =>
	async (name, first, rows) => {
		const file = await asyncBufferFromFile(join(folder, name))
		const metadata = await parquetMetadataAsync(file)
		const json = metadata.key_value_metadata?.find((kv) => kv.key === jsonColumnsKey)?.value ?? '[]'
		const objects = await parquetReadObjects({ file, metadata, rowStart: first, rowEnd: first + rows })
		return fromArchive(objects, new Set(JSON.parse(json) as string[]))
	}

type Chunk = { id: number; kind: number; day: number; rows: number }
const kindNames = ['', 'predictions', 'features', 'outcomes', 'groups']

/**
 * Moves the chunks of a model whose rows are all older than `before` (ms since the epoch) to Parquet files, one or
 * more a kind and UTC day. A file is complete and on disk before the chunks point to it. Answers the rows moved.
 */
export async function archiveChunks(
	sql: Sql,
	codec: Codec,
	folder: string,
	model: string,
	before: number,
): Promise<number> {
	const rows = (await sql.all({
		sql: `SELECT c.id, c.kind, c.day, c.rows FROM log_series s JOIN log_chunk c ON c.series = s.id
			WHERE s.model = ? AND s.segment = '' AND c.day < ? AND c.to_ms < ? AND c.body IS NOT NULL ORDER BY c.day, c.id`,
		params: [model, Math.ceil(before / dayMs), before],
	})) as unknown as [number, number, number, number][]
	const store = new HotStore(sql, codec)
	let moved = 0
	for (const chunks of files(rows.map(([id, kind, day, count]) => ({ id, kind, day, rows: count }))))
		moved += await writeFile(sql, store, folder, model, chunks)
	await sql.batch([{ sql: 'DELETE FROM log_waiting WHERE model = ? AND at < ?', params: [model, before] }])
	return moved
}

function files(chunks: readonly Chunk[]): Chunk[][] {
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

// Ids stay while the key index in memory is rebuilt from them: until a run on disk holds their keys.
const moveSql = `UPDATE log_chunk SET body = NULL, file = ?, file_row = ?,
	ids = CASE WHEN id <= (SELECT coalesce(max(last_chunk), 0) FROM log_key_run WHERE ready = 1) THEN NULL ELSE ids END
	WHERE id = ?`

async function writeFile(
	sql: Sql,
	store: HotStore,
	folder: string,
	model: string,
	chunks: Chunk[],
): Promise<number> {
	const batches = []
	for (const { id } of chunks) {
		const chunk = await store.chunk(id)
		if (chunk) batches.push(chunk.batch)
	}
	const head = chunks[0] as Chunk
	const columns = toArchive(concatBatches(batches))
	const bytes = parquetWriteBuffer({
		columnData: columns.map(({ name, type, data }) => ({
			name,
			data,
			type: type === 'JSON' ? 'STRING' : type,
			nullable: true,
		})),
		rowGroupSize: chunks.map((c) => c.rows),
		kvMetadata: [
			{
				key: jsonColumnsKey,
				value: JSON.stringify(columns.filter((c) => c.type === 'JSON').map((c) => c.name)),
			},
		],
	})
	const day = formatTime(head.day * dayMs).slice(0, 10)
	const name = `${encodeURIComponent(model)}/${kindNames[head.kind]}-${day}-${head.id}.parquet`
	await writeDurably(join(folder, name), new Uint8Array(bytes))
	let first = 0
	const statements = chunks.map((chunk) => {
		const params = [name, first, chunk.id]
		first += chunk.rows
		return { sql: moveSql, params }
	})
	await sql.batch(statements)
	return first
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
	await mkdir(dirname(path), { recursive: true })
	const file = await open(`${path}.part`, 'w')
	await file.writeFile(bytes)
	await file.sync()
	await file.close()
	await rename(`${path}.part`, path)
}
