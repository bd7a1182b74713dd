import type { Statement } from '../../db/sql.ts'
import { decodeJoinIndex, encodeJoinIndex } from '../../summaries/outcomes/join-index.ts'
import type { Writer } from '../append/commit-batch.ts'
import { encodeRows } from '../codec/encrypted-rows.ts'
import { subjectNames } from '../join/subject-name.ts'
import type { DigestedRow } from '../prediction-log.ts'
import type { StoredChunk } from '../read/chunk-store.ts'
import { blankJoinIndex, blankRows, isErasedId, timeRange } from './blank-rows.ts'
import { coarsenSummaries } from './coarsen-summaries.ts'
import { countErasure, erasuresOf, noErasureSince } from './erased-ids.ts'
import { sealUpdates } from './puncture-seals.ts'

/** Rows of one chunk, as it was when they were found. `entry`: the ledger entry of the erasure. */
export type RowsOfChunk = {
	model: string
	subject: string
	entry: number
	chunk: number
	rows: readonly DigestedRow[]
}

/** An archive file without the values of some rows, which takes the place of another one. */
export type RewrittenFile = { old: string; file: string; bytes: number; sha256: string }

/** Chunks that were moved to a file, in order, and the rows of the file to blank. */
export type FileToRewrite = {
	file: string
	sha256: string | undefined
	chunks: readonly { first: number; count: number; day: number }[]
	rows: readonly number[]
	/** How often rows were erased before: it makes the name of the new file unique. */
	erasures: number
}

type ChunkHead = { day: number; file: string | null; fileRow: number }

/**
 * Destroys the values of rows of one chunk in one commit, wherever the chunk is now. Rows that are erased already are left as
 * they are. Returns what has to be rewritten first when the chunk is in an archive file: then nothing was changed.
 */
export async function eraseInChunk(
	writer: Writer,
	query: RowsOfChunk,
	rewritten?: RewrittenFile,
): Promise<FileToRewrite | undefined> {
	const { sql, store } = writer
	// What was read before another process folded or erased rows is not to be trusted.
	store.forget()
	writer.joinIndexes.forget()
	const erasures = await erasuresOf(sql)
	const { chunk: id, row: first } = await store.currentLocation({ chunk: query.chunk, row: 0 })
	const chunk = await store.chunk(id)
	const head = chunk && (await headOf(writer, id))
	if (!chunk || !head) return undefined
	const erased = query.rows
		.map(({ row, idDigest }) => ({ row: first + row, idDigest }))
		.filter(({ row }) => !isErasedId(chunk.batch.ids[row]))
	const rows = erased.map(({ row }) => row)
	if (rows.length === 0) return undefined
	if (head.file !== null && rewritten?.old !== head.file)
		return fileOf(writer, head.file, head.fileRow, rows, erasures)
	await sql.batch([
		noErasureSince(erasures),
		...(await chunkUpdate(writer, chunk, head, rows, rewritten)),
		...(await coarsenSummaries(writer, chunk, rows)),
		...(await sealUpdates(sql, chunk, erased, query)),
		...(await joinIndexUpdate(writer, id, rows)),
		...linkDeletes(query, id, rows, (await subjectNames(writer, query.model)).toFind(query.subject)),
		...keysToDestroy(chunk, rows),
		countErasure,
	])
	await destroyKeys(writer)
	store.forget()
	await writer.erasedIds.refresh()
	return undefined
}

async function headOf({ sql }: Writer, id: number): Promise<ChunkHead | undefined> {
	const [row] = await sql.all<ChunkHead>({
		sql: 'SELECT day, file, file_row AS fileRow FROM log_chunk WHERE id = ?',
		params: [id],
	})
	return row
}

async function fileOf(
	{ sql }: Writer,
	file: string,
	fileRow: number,
	rows: readonly number[],
	erasures: number,
): Promise<FileToRewrite> {
	const chunks = await sql.all<FileToRewrite['chunks'][number]>({
		sql: 'SELECT file_row AS first, rows AS count, day FROM log_chunk WHERE file = ? ORDER BY file_row',
		params: [file],
	})
	const [archive] = await sql.all<{ sha256: string }>({
		sql: 'SELECT sha256 FROM log_archive WHERE file = ?',
		params: [file],
	})
	return { file, sha256: archive?.sha256, chunks, rows: rows.map((row) => fileRow + row), erasures }
}

const hasChanged: Statement = { sql: 'INSERT INTO guard (ok) VALUES (changes() > 0)' }

async function chunkUpdate(
	{ codec }: Writer,
	{ id, batch }: StoredChunk,
	{ day }: ChunkHead,
	rows: readonly number[],
	rewritten: RewrittenFile | undefined,
): Promise<Statement[]> {
	const blank = blankRows(batch, rows, day)
	const { from, to } = timeRange(blank, day)
	const { ids, body } = await encodeRows(codec, blank)
	if (!rewritten)
		return [
			{
				sql: `UPDATE log_chunk SET ids = ?, body = ?, from_ms = ?, to_ms = ? WHERE id = ? AND body IS NOT NULL`,
				params: [ids, body, from, to, id],
			},
			hasChanged,
		]
	const { old, file, bytes, sha256 } = rewritten
	return [
		{ sql: 'UPDATE log_chunk SET file = ? WHERE file = ?', params: [file, old] },
		hasChanged,
		{
			sql: `UPDATE log_chunk SET ids = CASE WHEN ids IS NULL THEN NULL ELSE ? END, from_ms = ?, to_ms = ? WHERE id = ?`,
			params: [ids, from, to, id],
		},
		{ sql: 'DELETE FROM log_archive WHERE file = ?', params: [old] },
		{ sql: 'INSERT INTO log_archive (file, bytes, sha256) VALUES (?, ?, ?)', params: [file, bytes, sha256] },
	]
}

async function joinIndexUpdate({ sql }: Writer, id: number, rows: readonly number[]): Promise<Statement[]> {
	const [index] = await sql.all<{ bytes: Uint8Array }>({
		sql: 'SELECT bytes FROM log_brief WHERE chunk = ?',
		params: [id],
	})
	if (!index) return []
	const bytes = encodeJoinIndex(blankJoinIndex(decodeJoinIndex(index.bytes), rows))
	return [{ sql: 'UPDATE log_brief SET bytes = ? WHERE chunk = ?', params: [bytes, id] }]
}

/** Noted in the commit that destroys the values, so that a process that starts again can finish. */
const keysToDestroy = ({ batch: { keys = [] } }: StoredChunk, rows: readonly number[]): Statement[] =>
	rows.flatMap((row) =>
		keys[row] ? [{ sql: 'INSERT OR IGNORE INTO log_key_destroy (key) VALUES (?)', params: [keys[row]] }] : [],
	)

/** Destroys the keys of erased rows, which old backups have the values of. */
export async function destroyKeys({ sql, codec: { vault } }: Pick<Writer, 'sql' | 'codec'>): Promise<void> {
	const rows = await sql.all<{ key: string }>({ sql: 'SELECT key FROM log_key_destroy' })
	if (rows.length === 0 || !vault || vault.fault !== undefined) return
	const keys = rows.map(({ key }) => key)
	await vault.destroy(keys)
	await sql.batch([
		{
			sql: 'DELETE FROM log_key_destroy WHERE key IN (SELECT value FROM json_each(?))',
			params: [JSON.stringify(keys)],
		},
	])
}

/** Whatever else names the rows: what waits for their features or groups, and what was joined to them. */
function linkDeletes(
	{ model }: RowsOfChunk,
	id: number,
	rows: readonly number[],
	names: readonly string[],
): Statement[] {
	const list = JSON.stringify(rows)
	const among = 'IN (SELECT value FROM json_each(?))'
	return [
		{
			sql: `DELETE FROM log_waiting WHERE model = ? AND subject IN (?, ?) AND chunk = ? AND row ${among}`,
			params: [model, ...names, id, list],
		},
		...['log_group_waiting', 'log_group', 'log_join'].map((table) => ({
			sql: `DELETE FROM ${table} WHERE chunk = ? AND row ${among}`,
			params: [id, list],
		})),
		{ sql: `DELETE FROM log_join WHERE feature_chunk = ? AND feature_row ${among}`, params: [id, list] },
	]
}
