import type { Sql } from '../../db/sql.ts'
import type { Bins } from '../../summaries/inputs/bins.ts'
import { addEncoded } from '../../summaries/inputs/encoding.ts'
import type { InputSummary } from '../../summaries/inputs/input-summary.ts'
import { emptyInputSummary } from '../../summaries/inputs/input-summary.ts'
import { addEncodedOutcomes } from '../../summaries/outcomes/encoding.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from '../../summaries/outcomes/outcome-summary.ts'
import type {
	DayCount,
	DirtyHour,
	HourDelta,
	PredictionCount,
	PredictionLog,
	Series,
} from '../prediction-log.ts'
import { kindNumber } from '../row-kinds.ts'

/** The reads of the log that need SQL alone, and the marks of changed hours. */
export const windowReads = (sql: Sql) =>
	({
		series: (model) =>
			sql.all<Series>({
				sql: `SELECT id, model, version, environment, segment, value FROM log_series
					WHERE version <> '' AND (?1 IS NULL OR model = ?1) ORDER BY id`,
				params: [model ?? null],
			}),
		counts: (versions) => countPredictions(sql, versions),
		rowsByDay: (series, until) =>
			sql.all<DayCount>({
				sql: `SELECT series AS seriesId, day, sum(rows) AS rows FROM log_chunk
					WHERE kind = ? AND series IN (SELECT value FROM json_each(?)) AND day <= ?
					GROUP BY series, day ORDER BY day, series`,
				params: [kindNumber.prediction, JSON.stringify(series), until],
			}),
		inputs: async (seriesId, bins, from, to) =>
			sumInputSummaries(bins, await inputDeltas(sql, [seriesId], bins, from, to)),
		inputDeltas: (series, bins, from, to) => inputDeltas(sql, series, bins, from, to),
		dirtyInputs: (limit, after) => dirtyHours(sql, 'log_dirty', limit, after),
		clearDirtyInputs: (hours) => clearDirty(sql, 'log_dirty', hours),
		outcomes: async (seriesId, from, to) =>
			sumOutcomeSummaries(await outcomeDeltas(sql, [seriesId], from, to)),
		outcomeDeltas: (series, from, to) => outcomeDeltas(sql, series, from, to),
		dirtyOutcomes: (limit, after) => dirtyHours(sql, 'log_tally_dirty', limit, after),
		clearDirtyOutcomes: (hours) => clearDirty(sql, 'log_tally_dirty', hours),
		pendingOutcomes: (model) => pendingOutcomes(sql, model),
	}) satisfies Partial<PredictionLog>

/** Sums what the chunks state about themselves. No row is read, so the cost grows with days and not with rows. */
async function countPredictions(
	sql: Sql,
	versions: readonly { model: string; version: string }[],
): Promise<PredictionCount[]> {
	if (versions.length === 0) return []
	return sql.all<PredictionCount>({
		sql: `SELECT s.model AS model, s.version AS version, s.environment AS environment,
			sum(c.rows) AS rows, min(c.from_ms) AS "from", max(c.to_ms) AS "to"
			FROM json_each(?) v JOIN log_series s ON s.model = v.value ->> 0 AND s.version = v.value ->> 1
			JOIN log_chunk c ON c.series = s.id AND c.kind = ? WHERE s.segment = ''
			GROUP BY s.id ORDER BY s.model, s.version, s.environment`,
		params: [JSON.stringify(versions.map((v) => [v.model, v.version])), kindNumber.prediction],
	})
}

const inputDeltas = (
	sql: Sql,
	series: readonly number[],
	bins: Bins,
	from: number,
	to: number,
): Promise<HourDelta[]> =>
	sql.all<HourDelta>({
		sql: `SELECT p.series AS series, p.hour AS hour, p.bytes AS bytes
			FROM log_grid g JOIN log_profile p ON p.grid = g.id
			WHERE g.digest = ? AND p.series IN (SELECT value FROM json_each(?)) AND p.hour >= ? AND p.hour < ?
			ORDER BY p.series, p.hour`,
		params: [bins.digest, JSON.stringify(series), from, to],
	})

/** Undefined when there is nothing to sum. */
export function sumInputSummaries(
	bins: Bins,
	parts: readonly { bytes: Uint8Array }[],
): InputSummary | undefined {
	if (parts.length === 0) return undefined
	const total = emptyInputSummary(bins)
	for (const { bytes } of parts) addEncoded(total, bytes)
	return total
}

const outcomeDeltas = (sql: Sql, series: readonly number[], from: number, to: number): Promise<HourDelta[]> =>
	sql.all<HourDelta>({
		sql: `SELECT series, hour, bytes FROM log_tally WHERE series IN (SELECT value FROM json_each(?))
			AND hour >= ? AND hour < ? ORDER BY series, hour, chunk`,
		params: [JSON.stringify(series), from, to],
	})

/** Undefined when there is nothing to sum. */
export function sumOutcomeSummaries(parts: readonly { bytes: Uint8Array }[]): OutcomeSummary | undefined {
	if (parts.length === 0) return undefined
	const total = emptyOutcomeSummary()
	for (const { bytes } of parts) addEncodedOutcomes(total, bytes)
	return total
}

async function pendingOutcomes(sql: Sql, model: string): Promise<number> {
	const [row] = await sql.all<{ count: number }>({
		sql: 'SELECT count FROM log_outcome_waiting WHERE model = ?',
		params: [model],
	})
	return Math.max(0, row?.count ?? 0)
}

type Marks = 'log_dirty' | 'log_tally_dirty'

const dirtyHours = (
	sql: Sql,
	marks: Marks,
	limit: number,
	after?: Pick<DirtyHour, 'seriesId' | 'hour'>,
): Promise<DirtyHour[]> =>
	sql.all<DirtyHour>({
		sql: `SELECT series AS seriesId, hour, mark FROM ${marks} WHERE (series, hour) > (?, ?)
			ORDER BY series, hour LIMIT ?`,
		params: [after?.seriesId ?? -1, after?.hour ?? 0, limit],
	})

/** Clears marks, except those that were set again after they were read. */
async function clearDirty(sql: Sql, marks: Marks, hours: readonly DirtyHour[]): Promise<void> {
	if (hours.length === 0) return
	await sql.batch([
		{
			sql: `DELETE FROM ${marks} WHERE (series, hour, mark) IN
				(SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
			params: [JSON.stringify(hours.map((h) => [h.seriesId, h.hour, h.mark]))],
		},
	])
}
