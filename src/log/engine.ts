import { AppError } from '../core/errors.ts'
import type { Sql } from '../db/sql.ts'
import { appendGroup, type KeyIndex, type Writer } from './append.ts'
import { backfillSummaries } from './backfill-summaries.ts'
import { decodeIds } from './chunk.ts'
import { ChunkStore, type ReadArchive } from './chunk-store.ts'
import type { Codec } from './codec.ts'
import { type Item, KeyLookup } from './deduplicate.ts'
import { GroupValues } from './group-values.ts'
import { JoinIndexStore } from './join-index-store.ts'
import type { KeyRuns } from './key-runs.ts'
import type { AppendStatus, RowKind, SentGroups, StoredPrediction } from './prediction-log.ts'
import { type Reader, readActuals, readGroups, readPrediction } from './read.ts'
import { SeriesTable } from './series-table.ts'
import { SummarySpecs } from './summary-specs.ts'

export type EngineOptions = {
	sql: Sql
	codec: Codec
	random: (bytes: number) => Uint8Array
	readArchive?: ReadArchive | undefined
	/** Runs in memory, for the one process that holds a file; or rows of a table, for many stateless writers. */
	keys: (sql: Sql) => KeyIndex | KeyRuns
	/** Whether this process is the one that keeps the index of the file: asked until it is. */
	holdIndex?: () => Promise<boolean>
}

const maxTries = 25
/** Another writer was quicker, or has moved what we were looking at. */
const isRace =
	/UNIQUE constraint failed: log_(chunk|series|profile|tally|brief)|CHECK constraint failed|of the key index is missing/
const kinds: RowKind[] = ['prediction', 'feature', 'outcome', 'group']
const isRuns = (keys: KeyIndex | KeyRuns): keys is KeyRuns => 'load' in keys

/** What appends and reads by key. One call at a time: the caller queues. */
export class LogEngine {
	private readonly options: EngineOptions
	readonly store: ChunkStore
	readonly series: SeriesTable
	private writer!: Writer

	constructor(options: EngineOptions) {
		this.options = options
		this.store = new ChunkStore(options.sql, options.codec, options.readArchive)
		this.series = new SeriesTable(options.sql)
	}

	async open(): Promise<this> {
		const { sql, codec } = this.options
		const seed = await this.seed()
		const keys = this.options.keys(sql)
		if (isRuns(keys)) {
			keys.guest = !(await (this.options.holdIndex?.() ?? true))
			await keys.load()
		}
		this.writer = {
			sql,
			codec,
			keys,
			lookup: new KeyLookup(keys, this.store, this.series, seed),
			plans: new SummarySpecs(sql),
			groups: new GroupValues(sql),
			joinIndexes: new JoinIndexStore(sql, this.store, this.series, keys, seed),
			series: this.series,
			nextChunk: isRuns(keys) ? keys.lastIndexedChunk + 1 : 1,
		}
		await this.catchUp()
		return this
	}

	/** Each database has its own, so that ids which collide cannot be prepared. */
	private async seed(): Promise<number> {
		const { sql, random } = this.options
		const fresh = new DataView(random(4).slice().buffer).getUint32(0)
		await sql.batch([
			{ sql: "INSERT OR IGNORE INTO log_state (key, value) VALUES ('seed', ?)", params: [String(fresh)] },
		])
		const [row] = await sql.values({ sql: "SELECT value FROM log_state WHERE key = 'seed'" })
		return Number((row as [string])[0])
	}

	/** Takes in what was stored behind our last chunk: after a restart, or by another writer. */
	private async catchUp(): Promise<void> {
		const from = this.writer.nextChunk
		// How far comes first: what is stored from here on is not indexed, and our next commit will run into it.
		const next = Math.max(from, (await this.lastChunk()) + 1)
		this.store.forget()
		this.writer.joinIndexes.forget()
		await this.writer.groups.refresh()
		await this.series.refresh()
		if (isRuns(this.writer.keys as KeyRuns)) await this.indexBetween(from, next)
		this.writer.nextChunk = next
	}

	private async lastChunk(): Promise<number> {
		const [row] = await this.options.sql.values({
			sql: 'SELECT max(coalesce(max(id), 0), coalesce((SELECT max(id) FROM log_alias), 0)) FROM log_chunk',
		})
		return (row as [number])[0] ?? 0
	}

	private async indexBetween(from: number, to: number): Promise<void> {
		// A chunk that others were folded into is indexed under their numbers.
		const rows = (await this.options.sql.values({
			sql: `SELECT c.id, 0, c.rows, c.kind, s.model, c.ids FROM log_chunk c JOIN log_series s ON s.id = c.series
				WHERE c.id >= ?1 AND c.id < ?2 AND c.ids IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM log_alias a WHERE a.target = c.id)
				UNION ALL SELECT a.id, a.first, a.rows, c.kind, s.model, c.ids FROM log_alias a
				JOIN log_chunk c ON c.id = a.target JOIN log_series s ON s.id = c.series
				WHERE a.id >= ?1 AND a.id < ?2 AND c.ids IS NOT NULL`,
			params: [from, to],
		})) as unknown as [number, number, number, number, string, Uint8Array][]
		for (const [chunk, first, count, kind, model, blob] of rows) {
			const ids = decodeIds(blob).slice(first, first + count)
			const hashes = this.writer.lookup.hash(model, kinds[kind - 1] as RowKind, ids)
			this.writer.keys.added([{ hashes, rows: Int32Array.from(ids, (_, i) => i), chunk }])
		}
	}

	/** Takes over the index of a file when the process that kept it has ended. */
	private async takeOver(): Promise<void> {
		const { keys } = this.writer
		if (!isRuns(keys as KeyRuns) || !(keys as KeyRuns).guest || !(await this.options.holdIndex?.())) return
		;(keys as KeyRuns).guest = false
		await this.reload(keys as KeyRuns)
	}

	private async reload(keys: KeyRuns): Promise<void> {
		await keys.load()
		this.writer.nextChunk = keys.lastIndexedChunk + 1
		await this.catchUp()
	}

	async append(items: readonly Item[]): Promise<AppendStatus[]> {
		await this.takeOver()
		return this.untilNoRace(() => appendGroup(this.writer, items))
	}

	/** Tallies what was stored before there were tallies; answers how many chunks. */
	backfillSummaries(most: number): Promise<number> {
		return this.untilNoRace(() => backfillSummaries(this.writer, most))
	}

	private async untilNoRace<T>(work: () => Promise<T>): Promise<T> {
		for (let attempt = 1; ; attempt++) {
			try {
				return await work()
			} catch (error) {
				this.series.forgetPending()
				this.writer.joinIndexes.forget()
				await this.writer.groups.refresh()
				if (!isRace.test(String(error))) throw toAppError(error)
				if (attempt === maxTries)
					throw new AppError(
						'overloaded',
						'Other processes store rows too fast for this one to get a turn.',
						{
							cause: error,
							retryAfterMs: 1000,
						},
					)
				const { keys } = this.writer
				// Whoever keeps the index may have changed it with what it has stored.
				if (isRuns(keys as KeyRuns) && (keys as KeyRuns).guest) await this.reload(keys as KeyRuns)
				else await this.catchUp()
			}
		}
	}

	read(model: string, predictionId: string): Promise<StoredPrediction | undefined> {
		return this.look((reader) => readPrediction(reader, model, predictionId))
	}

	async groups(model: string, predictionId: string): Promise<SentGroups[]> {
		return (await this.look((reader) => readGroups(reader, model, predictionId))) ?? []
	}

	async actuals(model: string, ids: readonly string[]): Promise<unknown[]> {
		return (await this.look((reader) => readActuals(reader, model, ids))) ?? []
	}

	/** Looks again when there is nothing, or the index was changed: another process may have stored it. */
	private async look<T>(read: (reader: Reader) => Promise<T | undefined>): Promise<T | undefined> {
		const reader = { sql: this.options.sql, lookup: this.writer.lookup, series: this.series }
		const found = await read(reader).catch(async (error) => {
			if (!isRace.test(String(error))) throw error
			await this.reload(this.writer.keys as KeyRuns)
			return read(reader)
		})
		if (found !== undefined || (await this.lastChunk()) < this.writer.nextChunk) return found
		await this.catchUp()
		return read(reader)
	}

	stats(): Record<string, number> {
		const keys = this.writer.keys
		return isRuns(keys as KeyRuns) ? { ...(keys as KeyRuns).stats() } : {}
	}
}

function toAppError(error: unknown): unknown {
	const text = String(error)
	if (
		/SQLITE_(FULL|READONLY|IOERR|BUSY|LOCKED|CORRUPT|NOTADB|CANTOPEN)/.test(text) ||
		/database or disk is full/.test(text)
	)
		return new AppError(
			'unavailable',
			`Nothing of this request was stored: ${text}. Free the disk or the database file, then send it again.`,
			{
				cause: error,
				retryAfterMs: 5000,
			},
		)
	return error
}
