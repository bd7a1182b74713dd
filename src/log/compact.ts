import type { Sql, Statement } from '../db/sql.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import { decodeInputSummary, encodeInputSummary } from '../summaries/inputs/encoding.ts'
import { mergeInputSummaries } from '../summaries/inputs/input-summary.ts'
import { concatBatches, Join } from '../summaries/inputs/select-rows.ts'
import { addEncodedOutcomes, encodeOutcomeSummary } from '../summaries/outcomes/encoding.ts'
import {
	canConcat,
	concatJoinIndexes,
	decodeJoinIndex,
	encodeJoinIndex,
	type JoinIndex,
} from '../summaries/outcomes/join-index.ts'
import { emptyOutcomeSummary } from '../summaries/outcomes/outcome-summary.ts'
import { chunkStatement } from './append.ts'
import type { ChunkStore } from './chunk-store.ts'
import type { Codec } from './codec.ts'

const deltasWorthFolding = 8
const smallRows = 512
const fullRows = 4096
/** Chunks above the first whose rows take more than the second, in compressed bytes, are large however few rows they have. */
const largeChunk = 8192
const largeRow = 1000

/** Folds deltas of touched windows and small chunks that are new since the last time. Answers how many records went. */
export async function compactLog(sql: Sql, store: ChunkStore, codec: Codec): Promise<number> {
	const folds = [() => foldDeltas(sql), () => foldOutcomeDeltas(sql), () => foldChunks(sql, store, codec)]
	return foldEach(folds, (fold) => fold())
}

/** Only windows that are marked as changed are looked at, so the cost does not grow with what is stored. */
async function foldDeltas(sql: Sql): Promise<number> {
	const windows = (await sql.values({
		sql: `SELECT p.series, p.hour, p.grid FROM log_dirty d JOIN log_profile p ON p.series = d.series AND p.hour = d.hour
			GROUP BY p.series, p.hour, p.grid HAVING count(*) >= ?`,
		params: [deltasWorthFolding],
	})) as unknown as [number, number, number][]
	return foldEach(windows, ([series, hour, bins]) => foldWindow(sql, series, hour, bins))
}

/** Folds one by one. One that cannot be folded stops no other; the first failure is thrown behind the last. */
async function foldEach<T>(items: readonly T[], fold: (item: T) => Promise<number>): Promise<number> {
	const failures: unknown[] = []
	let folded = 0
	for (const item of items)
		folded += await fold(item).catch((error) => {
			failures.push(error)
			return 0
		})
	if (failures.length > 0) throw failures[0]
	return folded
}

async function foldWindow(sql: Sql, series: number, hour: number, bins: number): Promise<number> {
	const key = 'series = ? AND hour = ? AND grid = ?'
	const rows = (await sql.values({
		sql: `SELECT chunk, bytes FROM log_profile WHERE ${key}`,
		params: [series, hour, bins],
	})) as unknown as [number, Uint8Array][]
	if (rows.length < 2) return 0
	const total = rows.map(([, bytes]) => decodeInputSummary(bytes, '')).reduce(mergeInputSummaries)
	const chunks = rows.map(([chunk]) => chunk)
	await sql.batch([
		{
			sql: `DELETE FROM log_profile WHERE ${key} AND chunk IN (SELECT value FROM json_each(?))`,
			params: [series, hour, bins, JSON.stringify(chunks)],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [chunks.length] },
		{
			sql: 'INSERT INTO log_profile (series, hour, grid, chunk, bytes) VALUES (?, ?, ?, ?, ?)',
			params: [series, hour, bins, Math.max(...chunks), encodeInputSummary(total, { withDigest: false })],
		},
	])
	return rows.length - 1
}

/** The same for tallies. */
async function foldOutcomeDeltas(sql: Sql): Promise<number> {
	const windows = (await sql.values({
		sql: `SELECT t.series, t.hour FROM log_tally_dirty d JOIN log_tally t ON t.series = d.series AND t.hour = d.hour
			GROUP BY t.series, t.hour HAVING count(*) >= ?`,
		params: [deltasWorthFolding],
	})) as unknown as [number, number][]
	return foldEach(windows, async ([series, hour]) => {
		const rows = (await sql.values({
			sql: 'SELECT chunk, bytes FROM log_tally WHERE series = ? AND hour = ?',
			params: [series, hour],
		})) as unknown as [number, Uint8Array][]
		const total = emptyOutcomeSummary()
		for (const [, bytes] of rows) addEncodedOutcomes(total, bytes)
		const chunks = rows.map(([chunk]) => chunk)
		await sql.batch([
			{
				sql: 'DELETE FROM log_tally WHERE series = ? AND hour = ? AND chunk IN (SELECT value FROM json_each(?))',
				params: [series, hour, JSON.stringify(chunks)],
			},
			{ sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [chunks.length] },
			{
				sql: 'INSERT INTO log_tally (series, hour, chunk, bytes) VALUES (?, ?, ?, ?)',
				params: [series, hour, Math.max(...chunks), encodeOutcomeSummary(total)],
			},
		])
		return rows.length - 1
	})
}

type Small = {
	id: number
	kind: number
	series: number
	day: number
	rows: number
	bins: number | null
	covered: string | null
}

async function foldChunks(sql: Sql, store: ChunkStore, codec: Codec): Promise<number> {
	const [state] = await sql.values({
		sql: "SELECT coalesce((SELECT value FROM log_state WHERE key = 'folded_to'), '0'), coalesce(max(id), 0) FROM log_chunk",
	})
	const [from, to] = (state as unknown as [string, number]) ?? ['0', 0]
	const rows = (await sql.values({
		sql: `SELECT id, kind, series, day, rows, grid,
				coalesce((SELECT group_concat(grid) FROM (SELECT grid FROM log_covered WHERE chunk = c.id ORDER BY grid)), '')
				|| ' ' || EXISTS (SELECT 1 FROM log_brief WHERE chunk = c.id)
			FROM log_chunk c WHERE id > ? AND id <= ? AND rows < ? AND body IS NOT NULL AND length(body) <= max(?, ? * rows) ORDER BY id`,
		params: [Number(from), to, smallRows, largeChunk, largeRow],
	})) as unknown as [number, number, number, number, number, number | null, string | null][]
	const groups = new Map<string, Small[]>()
	for (const [id, kind, series, day, count, bins, covered] of rows) {
		const key = `${kind} ${series} ${day} ${bins} ${covered}`
		const group = groups.get(key)
		const small = { id, kind, series, day, rows: count, bins, covered }
		if (group) group.push(small)
		else groups.set(key, [small])
	}
	let folded = 0
	for (const group of groups.values())
		for (const part of parts(group)) folded += await foldPart(sql, store, codec, part)
	await sql.batch([
		{
			sql: "INSERT INTO log_state (key, value) VALUES ('folded_to', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
			params: [String(to)],
		},
	])
	return folded
}

/** Runs of at most `fullRows` rows, each of two chunks or more. */
function parts(group: Small[]): Small[][] {
	const list: Small[][] = []
	let current: Small[] = []
	let rows = 0
	for (const small of group) {
		if (rows + small.rows > fullRows) {
			list.push(current)
			current = []
			rows = 0
		}
		current.push(small)
		rows += small.rows
	}
	list.push(current)
	return list.filter((part) => part.length > 1)
}

/** Folds runs of chunks that can be joined; no more than one run is in memory. */
async function foldPart(sql: Sql, store: ChunkStore, codec: Codec, part: Small[]): Promise<number> {
	let folded = 0
	let run: { small: Small; batch: RowBatch }[] = []
	let join = new Join()
	const fold = async () => {
		if (run.length < 2) return
		const whole = concatBatches(run.map(({ batch }) => batch))
		folded += await replaceChunks(
			sql,
			codec,
			run.map(({ small }) => small),
			whole,
		)
	}
	for (const small of part) {
		const chunk = await store.chunk(small.id)
		if (!chunk) continue
		if (!join.takes(chunk.batch)) {
			await fold()
			run = []
			join = new Join()
			join.takes(chunk.batch)
		}
		run.push({ small, batch: chunk.batch })
	}
	await fold()
	return folded
}

async function replaceChunks(sql: Sql, codec: Codec, part: Small[], whole: RowBatch): Promise<number> {
	const head = part[0] as Small
	const insert = await chunkStatement(
		codec,
		0,
		{ ...head, binsId: head.bins },
		whole,
		Int32Array.from({ length: whole.rows }, (_, r) => r),
	)
	const ids = JSON.stringify(part.map((p) => p.id))
	const statements: Statement[] = [
		{
			// A number above all others, so that nothing is ever read under a number that meant something else.
			sql: insert.sql.replace('VALUES (?,', 'SELECT max(id) + 1,').replace(/\)$/, ' FROM log_chunk'),
			params: (insert.params ?? []).slice(1),
		},
		{ sql: 'DELETE FROM log_chunk WHERE id IN (SELECT value FROM json_each(?))', params: [ids] },
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [part.length] },
		{
			sql: 'INSERT INTO log_covered (chunk, grid) SELECT (SELECT max(id) FROM log_chunk), grid FROM log_covered WHERE chunk = ?',
			params: [head.id],
		},
		{ sql: 'DELETE FROM log_covered WHERE chunk IN (SELECT value FROM json_each(?))', params: [ids] },
	]
	const joinIndexes = await foldJoinIndexes(sql, part)
	// Rows that were tallied by other rules stay apart.
	if (!joinIndexes) return 0
	statements.push(...joinIndexes)
	let first = 0
	for (const small of part) {
		statements.push(...redirect(small.id, first, small.rows))
		first += small.rows
	}
	await sql.batch(statements)
	return part.length - 1
}

async function foldJoinIndexes(sql: Sql, part: readonly Small[]): Promise<Statement[] | undefined> {
	const joinIndexes: JoinIndex[] = []
	for (const { id } of part) {
		const [row] = await sql.values({ sql: 'SELECT bytes FROM log_brief WHERE chunk = ?', params: [id] })
		if (!row) return []
		joinIndexes.push(decodeJoinIndex((row as unknown as [Uint8Array])[0]))
	}
	if (!joinIndexes.every((b) => canConcat(b, joinIndexes[0] as JoinIndex))) return undefined
	return [
		{
			sql: 'DELETE FROM log_brief WHERE chunk IN (SELECT value FROM json_each(?))',
			params: [JSON.stringify(part.map((p) => p.id))],
		},
		{
			sql: 'INSERT INTO log_brief (chunk, bytes) SELECT max(id), ? FROM log_chunk',
			params: [encodeJoinIndex(concatJoinIndexes(joinIndexes))],
		},
	]
}

/** Everything that named a chunk names its place in the newest one. */
const redirect = (id: number, first: number, rows: number): Statement[] => [
	{
		sql: 'UPDATE log_alias SET target = (SELECT max(id) FROM log_chunk), first = first + ? WHERE target = ?',
		params: [first, id],
	},
	{
		sql: 'INSERT INTO log_alias (id, target, first, rows) SELECT ?, max(id), ?, ? FROM log_chunk',
		params: [id, first, rows],
	},
	...['log_group', 'log_group_waiting'].map((table) => ({
		sql: `UPDATE ${table} SET chunk = (SELECT max(id) FROM log_chunk), row = row + ? WHERE chunk = ?`,
		params: [first, id],
	})),
	{
		sql: 'UPDATE log_join SET chunk = (SELECT max(id) FROM log_chunk), row = row + ? WHERE chunk = ?',
		params: [first, id],
	},
	{
		sql: 'UPDATE log_join SET feature_chunk = (SELECT max(id) FROM log_chunk), feature_row = feature_row + ? WHERE feature_chunk = ?',
		params: [first, id],
	},
]
