import type { Sql, Statement } from '../../db/sql.ts'
import { KeyFilter } from './key-filter.ts'
import type { Hashes, KeyIndex, NewKeys, Slice } from './key-index.ts'
import {
	advance,
	type Cursor,
	indexIsTaken,
	pageKeys,
	pageStatement,
	pagesOf,
	pagesPerRun,
	push,
	type Run,
	readRuns,
	runStatement,
} from './key-pages.ts'
import { decodePage, emptyKeys, findSorted, KeyTable, type Location, type SortedKeys } from './key-table.ts'

const fanOut = 4
const cachedPages = 512
/** The most keys that a guest holds in memory: 24 MB. */
const maxGuestKeys = 2 ** 20

type Merge = {
	target: number
	sources: Run[]
	cursors: Cursor[]
	filter: KeyFilter
	fences: number[]
	entries: number
	done: number
}

/**
 * The index from key to row, a log-structured merge tree. New keys stay in memory, in at most two tables of `tableKeys`. A full
 * table is sorted and written as an immutable run, page by page with the commits that follow; four runs of similar size are
 * merged into one in the same way. So no commit touches a random page, and none waits for a merge. A Bloom filter per run keeps
 * look-ups of new keys off the disk. Tables that a crash loses are rebuilt from the chunks after `lastIndexedChunk`.
 */
export class KeyRuns implements KeyIndex {
	lastIndexedChunk = 0
	/** Another process stores the index: this one only reads it, and holds later keys in memory. */
	guest = false
	private recent: KeyTable
	private frozen: { keys: SortedKeys; written: number; run: Run; lastChunk: number } | undefined
	private runs: Run[] = []
	private merge: Merge | undefined
	private obsolete: { id: number; pages: number }[] = []
	private nextRun = 1
	private readonly pages = new Map<number, SortedKeys>()
	private readonly sql: Sql
	private readonly tableKeys: number

	constructor(sql: Sql, tableKeys = 2 ** 18) {
		this.sql = sql
		this.tableKeys = tableKeys
		this.recent = new KeyTable(tableKeys)
	}

	/** Replaces what is in memory by the stored runs. Keys of chunks after `lastIndexedChunk` have to be added then. */
	async load(): Promise<void> {
		const stored = await readRuns(this.sql)
		this.recent = new KeyTable(this.tableKeys)
		this.frozen = undefined
		this.merge = undefined
		this.pages.clear()
		this.runs = stored.runs
		this.obsolete = stored.obsolete
		this.nextRun = stored.nextRun
		this.lastIndexedChunk = stored.lastChunk
	}

	added(keys: readonly NewKeys[]): void {
		for (const { hashes, rows, chunk } of keys) {
			for (let i = 0; i < rows.length; i++) {
				const r = rows[i] as number
				if (this.recent.size === this.recent.capacity) this.recent = this.recent.grown()
				this.recent.add(hashes.high[r] as number, hashes.low[r] as number, chunk, i)
			}
		}
	}

	async find(keys: Hashes): Promise<Map<number, Location[]>> {
		const hits = new Map<number, Location[]>()
		const pages = new Map<number, number[]>()
		for (let i = 0; i < keys.high.length; i++) {
			const [high, low] = [keys.high[i] as number, keys.low[i] as number]
			const found = (location: Location) => push(hits, i, location)
			this.recent.find(high, low, found)
			if (this.frozen) findSorted(this.frozen.keys, high, low, found)
			for (const run of this.runs) {
				if (!run.filter.mayHave(high, low)) continue
				for (const page of pagesOf(run, high)) push(pages, run.id * pagesPerRun + page, i)
			}
		}
		for (const [page, wanted] of pages) {
			const sorted = await this.page(page)
			for (const i of wanted)
				findSorted(sorted, keys.high[i] as number, keys.low[i] as number, (location) =>
					push(hits, i, location),
				)
		}
		return hits
	}

	private async page(id: number): Promise<SortedKeys> {
		const known = this.pages.get(id)
		if (known) return known
		const [row] = await this.sql.all<{ bytes: Uint8Array }>({
			sql: 'SELECT bytes FROM log_key_page WHERE id = ?',
			params: [id],
		})
		if (!row) throw new RangeError(`page ${id} of the key index is missing`)
		const page = decodePage(row.bytes)
		if (this.pages.size >= cachedPages) this.pages.delete(this.pages.keys().next().value as number)
		this.pages.set(id, page)
		return page
	}

	/** A slice of the index's own work. It is proportional to `rows`, so the work keeps up and no commit takes long. */
	async maintain(rows: number, lastChunk: number): Promise<Slice> {
		const statements: Statement[] = []
		const after: (() => void)[] = []
		if (this.guest) {
			if (this.recent.size + rows > maxGuestKeys) throw indexIsTaken()
			return { statements, applied: () => {}, failed: () => {} }
		}
		const budget = Math.max(24, Math.ceil((rows * 6) / pageKeys))
		if (!this.frozen && this.recent.size >= this.tableKeys * 0.75) this.freeze(lastChunk)
		if (this.frozen) this.writeFrozen(budget, statements, after)
		else if (this.merge) await this.continueMerge(budget, statements, after)
		else if (this.obsolete.length > 0) this.dropObsolete(budget, statements, after)
		else await this.startMerge()
		return {
			statements,
			applied: () => {
				for (const f of after) f()
			},
			failed: () => this.abandonMerge(),
		}
	}

	/** After a failed commit: the cursors have moved past pages that were not stored. */
	private abandonMerge(): void {
		if (!this.merge) return
		this.obsolete.push({ id: this.merge.target, pages: this.merge.fences.length })
		this.merge = undefined
	}

	private freeze(lastChunk: number): void {
		const keys = this.recent.sorted()
		const n = keys.high.length
		const filter = KeyFilter.forKeys(n)
		for (let i = 0; i < n; i++) filter.add(keys.high[i] as number, keys.low[i] as number)
		const fences = Uint32Array.from(
			{ length: Math.ceil(n / pageKeys) },
			(_, p) => keys.high[p * pageKeys] as number,
		)
		this.frozen = { keys, written: 0, lastChunk, run: { id: this.nextRun++, entries: n, filter, fences } }
		this.recent = new KeyTable(this.tableKeys)
	}

	private writeFrozen(budget: number, statements: Statement[], after: (() => void)[]): void {
		const frozen = this.frozen as NonNullable<typeof this.frozen>
		const { run, keys } = frozen
		if (frozen.written === 0) statements.push(runStatement(run, frozen.lastChunk, 0))
		const end = Math.min(run.fences.length, frozen.written + budget)
		for (let p = frozen.written; p < end; p++) statements.push(pageStatement(run.id, p, keys, p * pageKeys))
		const complete = end === run.fences.length
		if (complete) statements.push({ sql: 'UPDATE log_key_run SET ready = 1 WHERE id = ?', params: [run.id] })
		after.push(() => {
			frozen.written = end
			if (!complete) return
			this.runs.push(run)
			this.lastIndexedChunk = frozen.lastChunk
			this.frozen = undefined
		})
	}

	private async startMerge(): Promise<void> {
		const sizes = [...this.runs].sort((a, b) => a.entries - b.entries)
		for (let i = 0; i + fanOut <= sizes.length; i++) {
			const sources = sizes.slice(i, i + fanOut)
			// Only runs of similar size: a key is then rewritten once for each fourfold growth.
			if ((sources[fanOut - 1] as Run).entries > (sources[0] as Run).entries * 3) continue
			const cursors: Cursor[] = []
			for (const run of sources)
				cursors.push({ run, page: 0, keys: await this.page(run.id * pagesPerRun), at: 0 })
			const entries = sources.reduce((sum, r) => sum + r.entries, 0)
			this.merge = {
				target: this.nextRun++,
				sources,
				cursors,
				filter: KeyFilter.forKeys(entries),
				fences: [],
				entries,
				done: 0,
			}
			return
		}
	}

	private async continueMerge(budget: number, statements: Statement[], after: (() => void)[]): Promise<void> {
		const merge = this.merge as Merge
		if (merge.done === 0) {
			const run = {
				id: merge.target,
				entries: merge.entries,
				filter: KeyFilter.forKeys(1),
				fences: new Uint32Array(),
			}
			statements.push(runStatement(run, 0, 0))
		}
		for (let page = 0; page < budget && merge.done < merge.entries; page++) {
			const keys = await this.nextPage(merge)
			statements.push(pageStatement(merge.target, merge.fences.length, keys, 0))
			merge.fences.push(keys.high[0] as number)
		}
		if (merge.done < merge.entries) return
		const run = {
			id: merge.target,
			entries: merge.entries,
			filter: merge.filter,
			fences: Uint32Array.from(merge.fences),
		}
		statements.push(
			{ sql: 'DELETE FROM log_key_run WHERE id = ?', params: [run.id] },
			runStatement(run, this.lastIndexedChunk, 1),
		)
		for (const source of merge.sources)
			statements.push({ sql: 'UPDATE log_key_run SET ready = 2 WHERE id = ?', params: [source.id] })
		after.push(() => {
			this.runs = [...this.runs.filter((r) => !merge.sources.includes(r)), run]
			this.obsolete.push(...merge.sources.map((s) => ({ id: s.id, pages: s.fences.length })))
			this.merge = undefined
		})
	}

	private async nextPage(merge: Merge): Promise<SortedKeys> {
		const n = Math.min(pageKeys, merge.entries - merge.done)
		const out = emptyKeys(n)
		for (let i = 0; i < n; i++) {
			let lowest: Cursor | undefined
			for (const c of merge.cursors) {
				if (
					c.at < c.keys.high.length &&
					(!lowest || (c.keys.high[c.at] as number) < (lowest.keys.high[lowest.at] as number))
				)
					lowest = c
			}
			const { keys, at } = lowest as Cursor
			out.high[i] = keys.high[at] as number
			out.low[i] = keys.low[at] as number
			out.chunk[i] = keys.chunk[at] as number
			out.row[i] = keys.row[at] as number
			merge.filter.add(out.high[i] as number, out.low[i] as number)
			const wait = advance(lowest as Cursor, (id) => this.page(id))
			if (wait) await wait
		}
		merge.done += n
		return out
	}

	private dropObsolete(budget: number, statements: Statement[], after: (() => void)[]): void {
		const run = this.obsolete[0] as { id: number; pages: number }
		const from = Math.max(0, run.pages - budget)
		statements.push({
			sql: 'DELETE FROM log_key_page WHERE id >= ? AND id < ?',
			params: [run.id * pagesPerRun + from, (run.id + 1) * pagesPerRun],
		})
		if (from === 0) statements.push({ sql: 'DELETE FROM log_key_run WHERE id = ?', params: [run.id] })
		after.push(() => {
			run.pages = from
			if (from === 0) this.obsolete.shift()
		})
	}

	/** The number of keys and runs, and the memory that tables and filters take. */
	stats(): { keys: number; memoryBytes: number; runs: number } {
		const filters = this.runs.reduce((sum, r) => sum + r.filter.words.byteLength + r.fences.byteLength, 0)
		const frozen = this.frozen ? this.frozen.keys.high.length : 0
		return {
			keys: this.recent.size + frozen + this.runs.reduce((sum, r) => sum + r.entries, 0),
			memoryBytes: this.recent.bytes + frozen * 12 + filters,
			runs: this.runs.length,
		}
	}
}
