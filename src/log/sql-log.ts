import { groupBy } from '../core/maps.ts'
import type { Sql } from '../db/sql.ts'
import { type Calls, inTurn } from './calls.ts'
import type { Codec } from './codec/codec.ts'
import { type EngineCalls, engineCalls, LogEngine } from './engine.ts'
import { eraseEverywhere, type RewriteFile } from './erase/erase-everywhere.ts'
import { compactLog } from './maintain/compact.ts'
import { dueChunks } from './maintain/delete-rows.ts'
import { rebuildInputSummaries } from './maintain/summarise-stored.ts'
import type { AppendStatus, PredictionLog } from './prediction-log.ts'
import { ChunkStore, type ReadArchive } from './read/chunk-store.ts'
import { rowsOfSubject } from './read/rows-of-subject.ts'
import { scanPredictions } from './read/scan.ts'
import { sealReads } from './read/sealed-rows.ts'
import { windowReads } from './read/windows.ts'

/** Chunks that are summarised in one turn, between two appends. */
const chunksPerTurn = 20

/** A log: reads that need SQL alone, and the calls of an engine that has the key index. */
export function logOver(
	sql: Sql,
	codec: Codec,
	{
		append: _,
		stats: __,
		backfillSummaries,
		rowsNamed,
		eraseInChunk,
		forgetStored,
		...readsById
	}: Calls<EngineCalls>,
	{
		readArchive,
		rewriteFile,
		...own
	}: Pick<PredictionLog, 'append' | 'archive' | 'scrub' | 'stats' | 'close'> &
		Partial<Pick<PredictionLog, 'hashRows'>> & { readArchive?: ReadArchive; rewriteFile?: RewriteFile },
): PredictionLog {
	const store = new ChunkStore(sql, codec, readArchive)
	return {
		...sealReads(sql, store),
		...own,
		...readsById,
		...windowReads(sql),
		encryptionFault: async () => {
			const { vault } = codec
			return vault
				? vault.fault
				: 'Rows are encrypted only in a database file. Use one, or register the model without `encrypt`.'
		},
		rowsOfSubject: (model, subject, ids) => rowsOfSubject(sql, store, { rowsNamed }, model, subject, ids),
		scan: (query, onRows) => scanPredictions(sql, store, query, onRows),
		dueChunks: (query) => dueChunks(sql, query),
		forgetDeleted: async (files) => {
			await rewriteFile?.removeUnused(files)
			store.forget()
			await forgetStored()
		},
		eraseRows: async (erasure, rows) => {
			for (const [chunk, found] of groupBy(rows, (row) => row.chunk))
				await eraseEverywhere(
					eraseInChunk,
					{ ...erasure, chunk, rows: found.map(({ row, idDigest }) => ({ row, idDigest })) },
					rewriteFile,
				)
			store.forget()
		},
		rebuild: (model, version, bins) => rebuildInputSummaries(sql, store, model, version, bins),
		compact: async () => {
			while ((await backfillSummaries(chunksPerTurn)) === chunksPerTurn);
			const folded = await compactLog(sql, store, codec)
			store.forget()
			return folded
		},
	}
}

/** The log on any `Sql`, in this thread: for workers, and for libSQL over HTTP. Without files there is no archive. */
export async function openSqlLog(options: {
	sql: Sql
	codec: Codec
	random: (bytes: number) => Uint8Array
}): Promise<PredictionLog> {
	const engine = await LogEngine.open(options)
	const calls = inTurn(engineCalls(engine))
	return logOver(options.sql, options.codec, calls, {
		append: async (model, kind, batch) => (await calls.append([{ model, kind, batch }]))[0] as AppendStatus,
		archive: async () => 0,
		scrub: async () => {},
		stats: () => engine.stats(),
		close: async () => {},
	})
}

/**
 * A log that `open` returns when it is needed. A worker opens one for each request, since what a log has in progress belongs
 * to the request that started it; a job, which makes many calls, opens one.
 */
export const openedLog = (open: () => Promise<PredictionLog>): PredictionLog => {
	const own: Partial<PredictionLog> = { stats: () => ({}), close: async () => {} }
	return new Proxy(own as PredictionLog, {
		get: (_, name: keyof PredictionLog | 'then') => {
			// Otherwise whoever awaits the log would take it for a promise.
			if (name === 'then') return undefined
			return (
				own[name] ??
				(async (...args: never[]) => ((await open())[name] as (...args: never[]) => unknown)(...args))
			)
		},
	})
}
