import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import { alerts, type SeverityName } from '../../db/schema.ts'
import { parseKey, type Subject } from '../../rules/facts.ts'

export type WorstAlert = {
	rule: string
	severity: SeverityName
	title: string
	environment: string
	version: string
	subject: Subject
	/** Start of the first window in which it was true. */
	since: string
	incident: string | null
}

/** `status` is the severity of the worst open alert; `unknown` before anything was computed. */
export type ModelHealth = {
	status: 'ok' | 'unknown' | SeverityName
	worstAlert: WorstAlert | null
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

async function timesByModel(
	context: Context,
	sql: string,
	models: readonly string[],
): Promise<Map<string, string>> {
	const rows = await context.sql.all({ sql, params: [JSON.stringify(models)] })
	const times = rows as unknown as [string, number | null][]
	return new Map(times.flatMap(([model, at]) => (at === null ? [] : [[model, formatTime(at)]])))
}

const rank: Record<SeverityName, number> = { info: 1, warning: 2, critical: 3 }

/** The worst firing alert of each model; of equals the oldest. */
async function worstAlerts(context: Context, models: readonly string[]): Promise<Map<string, WorstAlert>> {
	const rows = await context.db
		.select()
		.from(alerts)
		.where(and(eq(alerts.status, 'firing'), inArray(alerts.model, [...models])))
		.orderBy(asc(alerts.began), asc(alerts.id))
	const worst = new Map<string, WorstAlert>()
	for (const { model, rule, severity, title, environment, version, subjectKey, began, incident } of rows) {
		const before = worst.get(model)
		if (before && rank[before.severity] >= rank[severity]) continue
		const subject = parseKey(subjectKey)
		worst.set(model, {
			rule,
			severity,
			title,
			environment,
			version,
			subject,
			since: formatTime(began),
			incident,
		})
	}
	return worst
}

/** The health of each of the named models. */
export async function readHealth(
	context: Context,
	models: readonly string[],
): Promise<Map<string, ModelHealth>> {
	if (models.length === 0) return new Map()
	const [worst, predictions, computations] = await Promise.all([
		worstAlerts(context, models),
		timesByModel(context, lastPredictions, models),
		timesByModel(context, lastComputations, models),
	])
	const healthOf = (model: string): ModelHealth => {
		const worstAlert = worst.get(model) ?? null
		const lastComputation = computations.get(model) ?? null
		const status = worstAlert?.severity ?? (lastComputation === null ? 'unknown' : 'ok')
		return { status, worstAlert, lastPrediction: predictions.get(model) ?? null, lastComputation }
	}
	return new Map(models.map((model) => [model, healthOf(model)]))
}
