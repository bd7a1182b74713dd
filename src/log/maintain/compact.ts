import { groupBy } from '../../core/maps.ts'
import type { Sql, Statement } from '../../db/sql.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { decodeInputSummary, encodeInputSummary } from '../../summaries/inputs/encoding.ts'
import { mergeInputSummaries } from '../../summaries/inputs/input-summary.ts'
import { concatBatches, Join } from '../../summaries/inputs/select-rows.ts'
import { addEncodedOutcomes, encodeOutcomeSummary } from '../../summaries/outcomes/encoding.ts'
import {
	canConcat,
	concatJoinIndexes,
	decodeJoinIndex,
	encodeJoinIndex,
	type JoinIndex,
} from '../../summaries/outcomes/join-index.ts'
import { emptyOutcomeSummary } from '../../summaries/outcomes/outcome-summary.ts'
import { chunkInsert } from '../append/new-chunk.ts'
import type { Codec } from '../codec/codec.ts'
import { erasuresOf, noErasureSince } from '../erase/erased-ids.ts'
import type { ChunkStore } from '../read/chunk-store.ts'

const minDeltas = 8
const smallRows = 512
const fullRows = 4096
/** A chunk with more compressed bytes than both, the second for each row, counts as large however few rows it has. */
const largeChunk = 8192
const largeRow = 1000

/**
 * Folds the deltas of dirty hours, and small chunks that are new since the last time. Returns the number of records that were
 * folded away.
 */
export async function compactLog(sql: Sql, store: ChunkStore, codec: Codec): Promise<number> {
	const folds = [
		() => foldInputDeltas(sql),
		() => foldOutcomeDeltas(sql),
		() => foldChunks(sql, store, codec),
	]
	return foldEach(folds, (fold) => fold())
}

/** Folds one item after another. A failure stops no other item; the first one is thrown at the end. */
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

type Delta = { chunk: number; bytes: Uint8Array }

/** Reads dirty hours only, so the cost does not grow with what is stored. */
async function foldInputDeltas(sql: Sql): Promise<number> {
	const windows = await sql.all<{ series: number; hour: number; grid: number }>({
		sql: `SELECT p.series AS series, p.hour AS hour, p.grid AS grid
			FROM log_dirty d JOIN log_profile p ON p.series = d.series AND p.hour = d.hour
			GROUP BY p.series, p.hour, p.grid HAVING count(*) >= ?`,
		params: [minDeltas],
	})
	return foldEach(windows, ({ series, hour, grid }) =>
		foldDeltas(sql, 'log_profile', { series, hour, grid }, (deltas) => {
			const total = deltas.map(({ bytes }) => decodeInputSummary(bytes, '')).reduce(mergeInputSummaries)
			return encodeInputSummary(total, { withDigest: false })
		}),
	)
}

async function foldOutcomeDeltas(sql: Sql): Promise<number> {
	const windows = await sql.all<{ series: number; hour: number }>({
		sql: `SELECT t.series AS series, t.hour AS hour
			FROM log_tally_dirty d JOIN log_tally t ON t.series = d.series AND t.hour = d.hour
			GROUP BY t.series, t.hour HAVING count(*) >= ?`,
		params: [minDeltas],
	})
	return foldEach(windows, ({ series, hour }) =>
		foldDeltas(sql, 'log_tally', { series, hour }, (deltas) => {
			const total = emptyOutcomeSummary()
			for (const { bytes } of deltas) addEncodedOutcomes(total, bytes)
			return encodeOutcomeSummary(total)
		}),
	)
}

/** Replaces the deltas of one window by their sum, unless one of them is gone by then. */
async function foldDeltas(
	sql: Sql,
	table: 'log_profile' | 'log_tally',
	key: Readonly<Record<string, number>>,
	sum: (deltas: Delta[]) => Uint8Array,
): Promise<number> {
	const columns = Object.keys(key)
	const values = Object.values(key)
	const where = columns.map((column) => `${column} = ?`).join(' AND ')
	const erasures = await erasuresOf(sql)
	const deltas = await sql.all<Delta>({
		sql: `SELECT chunk, bytes FROM ${table} WHERE ${where}`,
		params: values,
	})
	if (deltas.length < 2) return 0
	const chunks = deltas.map(({ chunk }) => chunk)
	await sql.batch([
		noErasureSince(erasures),
		{
			sql: `DELETE FROM ${table} WHERE ${where} AND chunk IN (SELECT value FROM json_each(?))`,
			params: [...values, JSON.stringify(chunks)],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [chunks.length] },
		{
			sql: `INSERT INTO ${table} (${columns.join(', ')}, chunk, bytes) VALUES (${columns.map(() => '?').join(', ')}, ?, ?)`,
			params: [...values, Math.max(...chunks), sum(deltas)],
		},
	])
	return deltas.length - 1
}

type Small = {
	id: number
	kind: number
	series: number
	day: number
	rows: number
	binsId: number | null
	/** Which bins its rows were summarised with later, whether it has a join index, and whether its ids are encrypted. */
	covered: string
}

const opensEncrypted = ({ vault }: Codec): boolean => vault !== undefined && vault.fault === undefined

async function foldChunks(sql: Sql, store: ChunkStore, codec: Codec): Promise<number> {
	const [state] = await sql.all<{ from: string; to: number }>({
		sql: `SELECT coalesce((SELECT value FROM log_state WHERE key = 'folded_to'), '0') AS "from",
			coalesce(max(id), 0) AS "to" FROM log_chunk`,
	})
	const { from, to } = state ?? { from: '0', to: 0 }
	const chunks = await sql.all<Small>({
		sql: `SELECT id, kind, series, day, rows, grid AS binsId,
				coalesce((SELECT group_concat(grid) FROM (SELECT grid FROM log_covered WHERE chunk = c.id ORDER BY grid)), '')
				|| ' ' || EXISTS (SELECT 1 FROM log_brief WHERE chunk = c.id)
				|| ' ' || (substr(ids, 1, 1) = x'02') AS covered
			FROM log_chunk c WHERE id > ? AND id <= ? AND rows < ? AND body IS NOT NULL AND length(body) <= max(?, ? * rows)
			AND (? OR substr(ids, 1, 1) <> x'02') ORDER BY id`,
		params: [Number(from), to, smallRows, largeChunk, largeRow, opensEncrypted(codec) ? 1 : 0],
	})
	const alike = groupBy(chunks, (c) => `${c.kind} ${c.series} ${c.day} ${c.binsId} ${c.covered}`)
	// Rows that were erased meanwhile must not be written again.
	store.forget()
	const erasures = await erasuresOf(sql)
	let folded = 0
	for (const group of alike.values())
		for (const part of parts(group)) folded += await foldPart(sql, store, codec, part, erasures)
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

/** Folds runs of chunks that can be joined; only one run is in memory. */
async function foldPart(
	sql: Sql,
	store: ChunkStore,
	codec: Codec,
	part: Small[],
	erasures: number,
): Promise<number> {
	let folded = 0
	let run: { small: Small; batch: RowBatch }[] = []
	let join = new Join()
	const fold = async () => {
		if (run.length < 2) return
		const chunks = run.map(({ small }) => small)
		const whole = concatBatches(run.map(({ batch }) => batch))
		if ((await erasuresOf(sql)) === erasures)
			folded += await replaceChunks(sql, codec, chunks, whole, erasures)
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

async function replaceChunks(
	sql: Sql,
	codec: Codec,
	part: Small[],
	whole: RowBatch,
	erasures: number,
): Promise<number> {
	const joinIndexes = await foldJoinIndexes(sql, part)
	// Rows whose outcomes are read by different labels stay apart.
	if (!joinIndexes) return 0
	const head = part[0] as Small
	const rows = Int32Array.from({ length: whole.rows }, (_, r) => r)
	const ids = JSON.stringify(part.map((p) => p.id))
	const statements: Statement[] = [
		noErasureSince(erasures),
		// A new id above all others, so that no id ever stands for other rows than before.
		await chunkInsert(codec, undefined, head, whole, rows),
		{ sql: 'DELETE FROM log_chunk WHERE id IN (SELECT value FROM json_each(?))', params: [ids] },
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [part.length] },
		{
			sql: 'INSERT INTO log_covered (chunk, grid) SELECT (SELECT max(id) FROM log_chunk), grid FROM log_covered WHERE chunk = ?',
			params: [head.id],
		},
		{ sql: 'DELETE FROM log_covered WHERE chunk IN (SELECT value FROM json_each(?))', params: [ids] },
		...joinIndexes,
	]
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
		const [row] = await sql.all<{ bytes: Uint8Array }>({
			sql: 'SELECT bytes FROM log_brief WHERE chunk = ?',
			params: [id],
		})
		if (!row) return []
		joinIndexes.push(decodeJoinIndex(row.bytes))
	}
	if (!joinIndexes.every((index) => canConcat(index, joinIndexes[0] as JoinIndex))) return undefined
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

/** Whatever refers to rows of a folded chunk refers to their position in the new one, which has the highest id. */
const redirect = (id: number, first: number, rows: number): Statement[] => [
	{
		sql: 'UPDATE log_alias SET target = (SELECT max(id) FROM log_chunk), first = first + ? WHERE target = ?',
		params: [first, id],
	},
	{
		sql: 'INSERT INTO log_alias (id, target, first, rows) SELECT ?, max(id), ?, ? FROM log_chunk',
		params: [id, first, rows],
	},
	...['log_group', 'log_group_waiting', 'log_join'].map((table) => ({
		sql: `UPDATE ${table} SET chunk = (SELECT max(id) FROM log_chunk), row = row + ? WHERE chunk = ?`,
		params: [first, id],
	})),
	{
		sql: 'UPDATE log_join SET feature_chunk = (SELECT max(id) FROM log_chunk), feature_row = feature_row + ? WHERE feature_chunk = ?',
		params: [first, id],
	},
]
