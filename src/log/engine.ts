import { AppError } from '../core/errors.ts'
import type { Sql, Statement } from '../db/sql.ts'
import { appendRows } from './append/append-rows.ts'
import type { Writer } from './append/commit-batch.ts'
import type { AppendItem } from './append/deduplicate.ts'
import { GroupValues } from './append/group-values.ts'
import { SeriesTable } from './append/series-table.ts'
import { SummarySpecs } from './append/summary-specs.ts'
import { decodeIds, hasNoIds } from './codec/chunk.ts'
import type { Codec } from './codec/codec.ts'
import { hashesOf } from './codec/encrypted-rows.ts'
import { destroyKeys, eraseInChunk, type RewrittenFile, type RowsOfChunk } from './erase/erase-rows.ts'
import { ErasedIds } from './erase/erased-ids.ts'
import { JoinIndexStore } from './join/join-index-store.ts'
import { KeyLookup } from './keys/key-index.ts'
import { keyRows } from './keys/key-rows.ts'
import type { KeyRuns } from './keys/key-runs.ts'
import { backfillSummaries } from './maintain/summarise-stored.ts'
import type { AppendStatus } from './prediction-log.ts'
import { ChunkStore, type ReadArchive } from './read/chunk-store.ts'
import { type Reader, readNamed, readsById } from './read/read-by-id.ts'
import { kindOfNumber, type RowKind } from './row-kinds.ts'

export type EngineOptions = {
	sql: Sql
	codec: Codec
	random: (bytes: number) => Uint8Array
	readArchive?: ReadArchive | undefined
	/**
	 * The key index in memory and in sorted runs, for a database file that one process writes. `hold` makes this process the
	 * one that stores the index, unless another one is. Without it the index is a table that any number of writers share.
	 */
	runs?: { index: KeyRuns; hold: () => Promise<boolean> } | undefined
}

const maxTries = 25
/** Another writer was faster, or has moved what this one was reading. */
const isRace = (error: unknown): boolean =>
	/UNIQUE constraint failed: log_(chunk|series|profile|tally|brief)|CHECK constraint failed|of the key index is missing/.test(
		String(error),
	)

/** What needs the key index: appends, and reads by id. It runs on the writer thread, or in this one; one call at a time. */
export const engineCalls = (engine: LogEngine) => ({
	append: (items: readonly AppendItem[]) => engine.append(items),
	/** Returns how many chunks, at most `max`, were summarised. */
	backfillSummaries: (max: number) => engine.backfillSummaries(max),
	stats: () => engine.stats(),
	rowsNamed: (model: string, subject: string, ids: readonly string[]) =>
		engine.upToDate((reader) => readNamed(reader, model, subject, ids)),
	/** Drops what is in memory of chunks: some were deleted. */
	forgetStored: () => engine.forgetStored(),
	/** The statements that refuse these ids, for the commit that decides it. */
	refusing: (model: string, ids: readonly string[]) => engine.refusing(model, ids),
	eraseInChunk: (rows: RowsOfChunk, rewritten?: RewrittenFile) => engine.eraseInChunk(rows, rewritten),
	...readsById((read) => engine.lookUp(read)),
})
export type EngineCalls = ReturnType<typeof engineCalls>

/** Keeps the state that appends and reads by id share, in step with what other processes write to the same database. */
export class LogEngine {
	private readonly sql: Sql
	private readonly runs: EngineOptions['runs']
	private readonly writer: Writer
	/** Reads encrypted rows as they are stored. */
	private readonly encrypted: ChunkStore

	private constructor({ sql, codec, readArchive, runs }: EngineOptions, seed: number) {
		const store = new ChunkStore(sql, codec, readArchive)
		const series = new SeriesTable(sql)
		const keys = runs?.index ?? keyRows(sql)
		this.sql = sql
		this.runs = runs
		this.encrypted = new ChunkStore(sql, codec, readArchive, false)
		this.writer = {
			sql,
			codec,
			keys,
			lookup: new KeyLookup(keys, store, series, seed),
			store,
			specs: new SummarySpecs(sql),
			groupValues: new GroupValues(sql),
			erasedIds: new ErasedIds(sql, seed),
			joinIndexes: new JoinIndexStore(sql, store, series, keys, seed),
			series,
			nextChunk: 1,
		}
	}

	static async open(options: EngineOptions): Promise<LogEngine> {
		const engine = new LogEngine(options, await seedOf(options))
		if (options.runs) options.runs.index.guest = !(await options.runs.hold())
		await engine.reload()
		await destroyKeys(engine.writer)
		return engine
	}

	/** Reads the stored index again, and then what was stored after it. */
	private async reload(): Promise<void> {
		if (this.runs) {
			await this.runs.index.load()
			this.writer.nextChunk = this.runs.index.lastIndexedChunk + 1
		}
		await this.catchUp()
	}

	/** Takes in the chunks from `nextChunk` on, which were stored before a restart or by another writer. */
	private async catchUp(): Promise<void> {
		const { writer, runs } = this
		const from = writer.nextChunk
		// Read first: a chunk that is stored from now on is not indexed here, and makes the next commit fail and try again.
		const next = Math.max(from, (await this.lastChunk()) + 1)
		writer.store.forget()
		writer.joinIndexes.forget()
		await writer.groupValues.refresh()
		await writer.erasedIds.refresh()
		await writer.series.refresh()
		if (runs) await this.indexBetween(runs.index, from, next)
		writer.nextChunk = next
	}

	private async lastChunk(): Promise<number> {
		const [row] = await this.sql.all<{ last: number }>({
			sql: `SELECT max(coalesce(max(id), 0), coalesce((SELECT max(id) FROM log_alias), 0)) AS last FROM log_chunk`,
		})
		return row?.last ?? 0
	}

	private async indexBetween(index: KeyRuns, from: number, to: number): Promise<void> {
		// The rows of a chunk that others were folded into are indexed under the ids of those.
		const rows = await this.sql.all<{
			id: number
			target: number
			first: number
			rows: number
			kind: number
			model: string
			ids: Uint8Array
		}>({
			sql: `SELECT c.id AS id, c.id AS target, 0 AS first, c.rows AS rows, c.kind AS kind, s.model AS model, c.ids AS ids
				FROM log_chunk c JOIN log_series s ON s.id = c.series
				WHERE c.id >= ?1 AND c.id < ?2 AND c.ids IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM log_alias a WHERE a.target = c.id)
				UNION ALL SELECT a.id, c.id, a.first, a.rows, c.kind, s.model, c.ids FROM log_alias a
				JOIN log_chunk c ON c.id = a.target JOIN log_series s ON s.id = c.series
				WHERE a.id >= ?1 AND a.id < ?2 AND c.ids IS NOT NULL`,
			params: [from, to],
		})
		for (const { id, target, first, rows: count, kind, model, ids: blob } of rows) {
			const keys = hasNoIds(blob) ? await this.keysIn(target) : undefined
			const ids = decodeIds(blob).slice(first, first + count)
			const hashes = keys
				? hashesOf(keys.slice(first, first + count))
				: this.writer.lookup.hash(model, kindOfNumber[kind] as RowKind, ids)
			index.added([{ hashes, rows: Int32Array.from(ids, (_, i) => i), chunk: id }])
		}
	}

	/** The references to the keys of encrypted rows: these have their ids nowhere else. Undefined for other rows. */
	private async keysIn(chunk: number): Promise<readonly string[] | undefined> {
		return (await this.encrypted.chunk(chunk))?.batch.keys
	}

	/** Stores the index of a file from now on, when the process that did has ended. */
	private async takeOver(): Promise<void> {
		if (!this.runs?.index.guest || !(await this.runs.hold())) return
		this.runs.index.guest = false
		await this.reload()
	}

	async append(items: readonly AppendItem[]): Promise<AppendStatus[]> {
		await this.takeOver()
		return this.retryRaces(() => appendRows(this.writer, items))
	}

	backfillSummaries(max: number): Promise<number> {
		return this.retryRaces(() => backfillSummaries(this.writer, max))
	}

	async forgetStored(): Promise<void> {
		this.writer.store.forget()
		this.writer.joinIndexes.forget()
		await this.writer.erasedIds.refresh()
	}

	refusing(model: string, ids: readonly string[]): Statement[] {
		return this.writer.erasedIds.refusing(model, ids)
	}

	eraseInChunk(rows: RowsOfChunk, rewritten?: RewrittenFile) {
		return this.retryRaces(() => eraseInChunk(this.writer, rows, rewritten))
	}

	private async retryRaces<T>(work: () => Promise<T>): Promise<T> {
		for (let attempt = 1; ; attempt++) {
			try {
				return await work()
			} catch (error) {
				this.writer.series.forgetPending()
				this.writer.joinIndexes.forget()
				await this.writer.groupValues.refresh()
				if (!isRace(error)) throw toAppError(error)
				if (attempt === maxTries)
					throw new AppError(
						'overloaded',
						'Other processes store rows too fast for this one to get a turn.',
						{
							cause: error,
							retryAfterMs: 1000,
						},
					)
				// The process that stores the index may have changed it with what it stored.
				if (this.runs?.index.guest) await this.reload()
				else await this.catchUp()
			}
		}
	}

	/** Reads again when nothing was found, or the index was changed: another process may have stored the rows. */
	async lookUp<T>(read: (reader: Reader) => Promise<T>): Promise<T> {
		const found = await read(this.writer).catch(async (error) => {
			if (!isRace(error)) throw error
			await this.reload()
			return read(this.writer)
		})
		if (!isNothing(found) || (await this.lastChunk()) < this.writer.nextChunk) return found
		await this.catchUp()
		return read(this.writer)
	}

	/** Reads after taking in what other processes have stored: for reads that must not miss any of several rows. */
	async upToDate<T>(read: (reader: Reader) => Promise<T>): Promise<T> {
		if ((await this.lastChunk()) >= this.writer.nextChunk) await this.catchUp()
		return this.lookUp(read)
	}

	stats(): Record<string, number> {
		return { ...this.runs?.index.stats() }
	}
}

const isNothing = (found: unknown): boolean =>
	found === undefined || (Array.isArray(found) && found.length === 0)

/** Each database has its own seed, so that nobody can prepare ids that collide. */
async function seedOf({ sql, random }: EngineOptions): Promise<number> {
	const fresh = new DataView(random(4).slice().buffer).getUint32(0)
	await sql.batch([
		{ sql: "INSERT OR IGNORE INTO log_state (key, value) VALUES ('seed', ?)", params: [String(fresh)] },
	])
	const [row] = await sql.all<{ value: string }>({ sql: "SELECT value FROM log_state WHERE key = 'seed'" })
	return Number(row?.value)
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
			{ cause: error, retryAfterMs: 5000 },
		)
	return error
}
