import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import { parseKey } from '../../rules/facts.ts'
import type { ModelHealth } from './model.schema.ts'

// The newest day of each series is found by the index; only its chunks are looked at.
const lastPredictions = `SELECT s.model, max((SELECT max(c.to_ms) FROM log_chunk c WHERE c.series = s.id AND c.kind = 1
	AND c.day = (SELECT d.day FROM log_chunk d WHERE d.series = s.id AND d.kind = 1 ORDER BY d.day DESC LIMIT 1)))
	FROM log_series s WHERE s.segment = '' AND s.model IN (SELECT value FROM json_each(?)) GROUP BY s.model`

// The latest window of a series was computed last, or at least after the latest change of its rows.
const lastComputations = `SELECT s.model, max((SELECT r.computed_at FROM metric_record r WHERE r.series = s.id AND r.hours = 1
	ORDER BY r.from_ms DESC LIMIT 1)) FROM log_series s
	WHERE s.segment = '' AND s.model IN (SELECT value FROM json_each(?)) GROUP BY s.model`

const waiting = `SELECT model, max(count, 0) FROM log_outcome_waiting WHERE model IN (SELECT value FROM json_each(?))`

const firing = `SELECT model, rule, severity, title, environment, version, subject_key, began, incident FROM alert
	WHERE status = 'firing' AND silence IS NULL AND model IN (SELECT value FROM json_each(?)) ORDER BY began`

async function numbersByModel(
	context: Context,
	sql: string,
	models: readonly string[],
): Promise<Map<string, number>> {
	const rows = (await context.sql.values({ sql, params: [JSON.stringify(models)] })) as unknown as [
		string,
		number | null,
	][]
	return new Map(rows.flatMap(([model, at]) => (at === null ? [] : [[model, at]])))
}

const ranks = ['info', 'warning', 'critical'] as const
type Severity = (typeof ranks)[number]
type AlertRow = [
	model: string,
	rule: string,
	severity: Severity,
	title: string,
	environment: string,
	version: string,
	subject: string,
	began: number,
	incident: string | null,
]

/** The worst alert that fires for each model, the oldest of equals. */
async function worstAlerts(context: Context, models: readonly string[]): Promise<Map<string, AlertRow>> {
	const rows = (await context.sql.values({
		sql: firing,
		params: [JSON.stringify(models)],
	})) as unknown as AlertRow[]
	const worst = new Map<string, AlertRow>()
	for (const row of rows) {
		const known = worst.get(row[0])
		if (!known || ranks.indexOf(row[2]) > ranks.indexOf(known[2])) worst.set(row[0], row)
	}
	return worst
}

const toWorstAlert = ([
	,
	rule,
	severity,
	title,
	environment,
	version,
	subject,
	began,
	incident,
]: AlertRow): ModelHealth['worstAlert'] => ({
	rule,
	severity,
	title,
	environment,
	version,
	subject: parseKey(subject),
	since: formatTime(began),
	incident,
})

/** The health of each of the named models: `unknown` until something was computed. */
export async function readHealth(
	context: Context,
	models: readonly string[],
): Promise<Map<string, ModelHealth>> {
	if (models.length === 0) return new Map()
	const predictions = await numbersByModel(context, lastPredictions, models)
	const computations = await numbersByModel(context, lastComputations, models)
	const alerts = await worstAlerts(context, models)
	const waits = await numbersByModel(context, waiting, models)
	const time = (ms: number | undefined) => (ms === undefined ? null : formatTime(ms))
	return new Map(
		models.map((model) => {
			const alert = alerts.get(model)
			const status = alert ? alert[2] : computations.has(model) ? 'ok' : 'unknown'
			const health: ModelHealth = {
				status,
				worstAlert: alert ? toWorstAlert(alert) : null,
				lastPrediction: time(predictions.get(model)),
				lastComputation: time(computations.get(model)),
				waitingOutcomes: waits.get(model) ?? 0,
			}
			return [model, health]
		}),
	)
}
