import type { Statement } from '../db/sql.ts'
import type { KeyFilter } from './key-filter.ts'
import { encodePage, lowerBound, type SortedKeys } from './key-table.ts'

/** Keys a page. */
export const pageKeys = 640
/** A page's id is the run's id times this, plus its place in the run. */
export const pagesPerRun = 2 ** 24

/** A sorted, immutable run of keys on disk. `fences` are the first `high` of each page. */
export type Run = { id: number; entries: number; filter: KeyFilter; fences: Uint32Array }

/** The pages of a run that can hold `high`: one, or more when it stands on a border. */
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

/** Where a merge stands in one of its runs. */
export type Cursor = { run: Run; page: number; keys: SortedKeys; at: number }

/** Moves a cursor to its next key; a promise only where the next page has to be read. */
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
