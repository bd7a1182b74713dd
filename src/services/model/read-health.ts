import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'

export type ModelHealth = {
	status: 'ok' | 'info' | 'warning' | 'critical' | 'unknown'
	worstAlert: { rule: string; severity: string; subject: Record<string, unknown>; since: string | null; incident: string | null } | null
	lastPrediction: string | null
	lastComputation: string | null
}

// The newest day of each series is found by the index; only its chunks are looked at.
const lastPredictions = `SELECT s.model, max((SELECT max(c.to_ms) FROM log_chunk c WHERE c.series = s.id AND c.kind = 1
	AND c.day = (SELECT d.day FROM log_chunk d WHERE d.series = s.id AND d.kind = 1 ORDER BY d.day DESC LIMIT 1)))
	FROM log_series s WHERE s.segment = '' AND s.model IN (SELECT value FROM json_each(?)) GROUP BY s.model`

// The newest hour of each series is found by the primary key.
const lastComputations = `SELECT s.model, max((SELECT r.computed_at FROM metric_record r WHERE r.series = s.id AND r.hours = 1
	ORDER BY r.from_ms DESC, r.revision DESC LIMIT 1))
	FROM log_series s WHERE s.segment = '' AND s.model IN (SELECT value FROM json_each(?)) GROUP BY s.model`

async function timesByModel(context: Context, sql: string, models: readonly string[]): Promise<Map<string, number>> {
	const rows = (await context.sql.all({ sql, params: [JSON.stringify(models)] })) as unknown as [string, number | null][]
	return new Map(rows.flatMap(([model, at]) => (at === null ? [] : [[model, at]])))
}

/** The health of each of the named models. */
export async function readHealth(context: Context, models: readonly string[]): Promise<Map<string, ModelHealth>> {
	if (models.length === 0) return new Map()
	const predictions = await timesByModel(context, lastPredictions, models)
	const computations = await timesByModel(context, lastComputations, models)
	const time = (ms: number | undefined) => (ms === undefined ? null : formatTime(ms))
	return new Map(
		models.map((model) => [
			model,
			{ status: 'unknown', worstAlert: null, lastPrediction: time(predictions.get(model)), lastComputation: time(computations.get(model)) },
		]),
	)
}
