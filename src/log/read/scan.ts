import { Breather } from '../../core/breather.ts'
import { dayMs } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { selectRows } from '../../summaries/inputs/select-rows.ts'
import { isErasedId, rowsLeft } from '../erase/blank-rows.ts'
import { lateGroupsOf } from '../join/join-index-store.ts'
import type { PredictionLog } from '../prediction-log.ts'
import { kindNumber } from '../row-kinds.ts'
import type { ChunkStore } from './chunk-store.ts'

/** Predictions of a model with event time in [from, to), a chunk at a time, by day. */
export async function scanPredictions(
	sql: Sql,
	store: ChunkStore,
	query: Parameters<PredictionLog['scan']>[0],
	onRows: Parameters<PredictionLog['scan']>[1],
): Promise<void> {
	const chunks = await sql.all<{
		id: number
		from: number
		to: number
		version: string
		environment: string
	}>({
		sql: `SELECT c.id AS id, c.from_ms AS "from", c.to_ms AS "to", s.version AS version, s.environment AS environment
			FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = ?1
			WHERE s.model = ?2 AND s.segment = '' AND (?3 IS NULL OR s.version = ?3) AND (?4 IS NULL OR s.environment = ?4)
			AND c.day >= ?5 AND c.day <= ?6 AND c.to_ms >= ?7 AND c.from_ms < ?8 ORDER BY c.day, c.id`,
		params: [
			kindNumber.prediction,
			query.model,
			query.version ?? null,
			query.environment ?? null,
			Math.floor(query.from / dayMs),
			Math.floor(query.to / dayMs),
			query.from,
			query.to,
		],
	})
	const breather = new Breather(Number.POSITIVE_INFINITY)
	for (const { id, from, to, version, environment } of chunks) {
		// Reading a libSQL file never yields: without this no request would get a turn.
		if (breather.isDue) await breather.breathe()
		const chunk = await store.chunk(id)
		if (!chunk) continue
		const isWhole = from >= query.from && to < query.to
		const left = rowsLeft(chunk.batch)
		const kept = isWhole && !left ? undefined : within(chunk.batch, query.from, query.to)
		const rows = kept ? selectRows(chunk.batch, kept) : chunk.batch
		const lateGroups = async () => {
			const late = await lateGroupsOf(sql, id)
			return (row: number) => late.get(kept ? (kept[row] as number) : row)
		}
		if (rows.rows > 0) await onRows(rows, { version, environment }, lateGroups)
	}
}

function within(batch: RowBatch, from: number, to: number): Int32Array {
	const rows: number[] = []
	batch.timestamps.forEach((at, r) => {
		if (at >= from && at < to && !isErasedId(batch.ids[r])) rows.push(r)
	})
	return Int32Array.from(rows)
}
