import type { Sql } from '../db/sql.ts'
import { ChunkStore } from './chunk-store.ts'
import type { Codec } from './codec.ts'
import { compactLog } from './compact.ts'
import type { Item } from './deduplicate.ts'
import { type EngineOptions, LogEngine } from './engine.ts'
import { keyRows } from './key-rows.ts'
import type { AppendStatus, PredictionLog, SentGroups, StoredPrediction } from './prediction-log.ts'
import { rebuildInputSummaries } from './rebuild.ts'
import { scanPredictions } from './scan.ts'
import {
	clearDirty,
	countPredictions,
	dirtyHours,
	inputDeltas,
	listSeries,
	outcomeDeltas,
	waitingOutcomes,
	windowInputs,
	windowOutcomes,
} from './windows.ts'

/** Chunks from before there were tallies that are caught up on in one turn, between two appends. */
const chunksAtOnce = 20

/** What needs the key index, wherever it lives: in this thread, or in the writer's. */
export type Backend = {
	append(items: readonly Item[]): Promise<AppendStatus[]>
	read(model: string, predictionId: string): Promise<StoredPrediction | undefined>
	groups(model: string, predictionId: string): Promise<SentGroups[]>
	backfillSummaries(most: number): Promise<number>
	actuals(model: string, ids: readonly string[]): Promise<unknown[]>
	stats(): Promise<Record<string, number>> | Record<string, number>
	close(): Promise<void>
}

/** The parts of a log that need SQL alone, around a backend that holds the keys. */
export function logOver(
	sql: Sql,
	codec: Codec,
	backend: Backend,
	options: Pick<PredictionLog, 'append' | 'archive' | 'stats'> & {
		readArchive?: EngineOptions['readArchive']
	},
): PredictionLog {
	const store = new ChunkStore(sql, codec, options.readArchive)
	return {
		append: options.append,
		archive: options.archive,
		stats: options.stats,
		read: (model, predictionId) => backend.read(model, predictionId),
		groups: (model, predictionId) => backend.groups(model, predictionId),
		actuals: (model, ids) => backend.actuals(model, ids),
		scan: (query, onRows) => scanPredictions(sql, store, query, onRows),
		series: (model) => listSeries(sql, model),
		counts: (versions) => countPredictions(sql, versions),
		inputSummary: (seriesId, bins, from, to) => windowInputs(sql, seriesId, bins, from, to),
		inputDeltas: (series, bins, from, to) => inputDeltas(sql, series, bins, from, to),
		dirtyHours: (limit, after) => dirtyHours(sql, 'log_dirty', limit, after),
		clearDirty: (hours) => clearDirty(sql, 'log_dirty', hours),
		outcomeSummary: (seriesId, from, to) => windowOutcomes(sql, seriesId, from, to),
		outcomeDeltas: (series, from, to) => outcomeDeltas(sql, series, from, to),
		dirtyOutcomes: (limit, after) => dirtyHours(sql, 'log_tally_dirty', limit, after),
		clearDirtyOutcomes: (hours) => clearDirty(sql, 'log_tally_dirty', hours),
		waitingOutcomes: (model) => waitingOutcomes(sql, model),
		rebuild: (model, version, bins) => rebuildInputSummaries(sql, store, model, version, bins),
		compact: async () => {
			while ((await backend.backfillSummaries(chunksAtOnce)) === chunksAtOnce);
			const folded = await compactLog(sql, store, codec)
			store.forget()
			return folded
		},
		close: () => backend.close(),
	}
}

/**
 * The log on any `Sql`, in this thread: for workers and for libSQL over HTTP. Rows stay in the database: there is
 * no file system to archive to.
 */
export async function openSqlLog(options: {
	sql: Sql
	codec: Codec
	random: (bytes: number) => Uint8Array
}): Promise<PredictionLog> {
	const engine = await new LogEngine({ ...options, keys: keyRows }).open()
	let tail: Promise<unknown> = Promise.resolve()
	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		const result = tail.then(work, work)
		tail = result.catch(() => {})
		return result
	}
	const backend: Backend = {
		append: (items) => inTurn(() => engine.append(items)),
		read: (model, id) => inTurn(() => engine.read(model, id)),
		actuals: (model, ids) => inTurn(() => engine.actuals(model, ids)),
		backfillSummaries: (most) => inTurn(() => engine.backfillSummaries(most)),
		groups: (model, id) => inTurn(() => engine.groups(model, id)),
		stats: () => engine.stats(),
		close: async () => {},
	}
	return logOver(options.sql, options.codec, backend, {
		append: async (model, kind, batch) => (await backend.append([{ model, kind, batch }]))[0] as AppendStatus,
		archive: async () => 0,
		stats: () => engine.stats(),
	})
}
