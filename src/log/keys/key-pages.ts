import { AppError } from '../../core/errors.ts'
import type { Sql, Statement } from '../../db/sql.ts'
import { KeyFilter } from './key-filter.ts'
import { encodePage, lowerBound, type SortedKeys } from './key-table.ts'

/** Keys per page. */
export const pageKeys = 640
/** A page's id is its run's id times this, plus its position in the run. */
export const pagesPerRun = 2 ** 24

/** A sorted, immutable run of keys on disk. `fences` are the first `high` of each page. */
export type Run = { id: number; entries: number; filter: KeyFilter; fences: Uint32Array }

/** The pages of a run that can hold `high`: one, or more when `high` begins a page. */
export function pagesOf(run: Run, high: number): number[] {
	const first = Math.max(0, lowerBound(run.fences, high) - 1)
	const pages = [first]
	for (let p = first + 1; p < run.fences.length && (run.fences[p] as number) <= high; p++) pages.push(p)
	return pages
}

export const runStatement = (run: Run, lastChunk: number, ready: number): Statement => ({
	sql: 'INSERT INTO log_key_run (id, entries, last_chunk, ready, filter) VALUES (?, ?, ?, ?, ?)',
	params: [run.id, run.entries, lastChunk, ready, new Uint8Array(run.filter.words.buffer)],
})

export const pageStatement = (run: number, page: number, keys: SortedKeys, from: number): Statement => {
	const to = Math.min(keys.high.length, from + pageKeys)
	return {
		sql: 'INSERT INTO log_key_page (id, first, bytes) VALUES (?, ?, ?)',
		params: [run * pagesPerRun + page, keys.high[from] as number, encodePage(keys, from, to)],
	}
}

export const push = <T>(map: Map<number, T[]>, key: number, value: T): void => {
	const list = map.get(key)
	if (list) list.push(value)
	else map.set(key, [value])
}

/** The position of a merge in one of its runs. */
export type Cursor = { run: Run; page: number; keys: SortedKeys; at: number }

/** Moves a cursor to its next key. Returns a promise only when the next page has to be read. */
export function advance(
	cursor: Cursor,
	read: (page: number) => Promise<SortedKeys>,
): Promise<void> | undefined {
	cursor.at++
	if (cursor.at < cursor.keys.high.length || cursor.page + 1 >= cursor.run.fences.length) return undefined
	cursor.page++
	return read(cursor.run.id * pagesPerRun + cursor.page).then((keys) => {
		cursor.keys = keys
		cursor.at = 0
	})
}

/** `batch` returns rows as arrays. */
type RunRow = [id: number, entries: number, lastChunk: number, ready: number, filter: Uint8Array]
export type StoredRuns = {
	runs: Run[]
	/** Runs that were never finished, or were merged into another one. */
	obsolete: { id: number; pages: number }[]
	nextRun: number
	/** All chunks up to this one are in the runs. */
	lastChunk: number
}

/** The stored runs, read in one batch and so at one moment: the process that stores them may be dropping some. */
export async function readRuns(sql: Sql): Promise<StoredRuns> {
	const [rows = [], pages = []] = await sql.batch([
		{ sql: 'SELECT id, entries, last_chunk, ready, filter FROM log_key_run ORDER BY id' },
		{ sql: 'SELECT id, first FROM log_key_page ORDER BY id' },
	])
	const fences = new Map<number, number[]>()
	for (const [id, first] of pages as unknown as [number, number][])
		push(fences, Math.floor(id / pagesPerRun), first)
	const stored: StoredRuns = { runs: [], obsolete: [], nextRun: 1, lastChunk: 0 }
	for (const [id, entries, lastChunk, ready, filter] of rows as unknown as RunRow[]) {
		stored.nextRun = id + 1
		if (ready !== 1) {
			stored.obsolete.push({ id, pages: Math.ceil(entries / pageKeys) })
			continue
		}
		const words = new Uint32Array(filter.slice().buffer)
		const run = { id, entries, filter: new KeyFilter(words), fences: Uint32Array.from(fences.get(id) ?? []) }
		stored.runs.push(run)
		stored.lastChunk = Math.max(stored.lastChunk, lastChunk)
	}
	return stored
}

export const indexIsTaken = () =>
	new AppError(
		'unavailable',
		'Nothing of this request was stored: another process also stores rows in this database file, and only one can store its key index. Run one `plumbline serve` per file.',
		{ retryAfterMs: 10_000 },
	)
