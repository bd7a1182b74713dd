import { and, asc, gt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { models } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import { authorise } from '../key/authorise.ts'
import { findModel, inReach } from './find-model.ts'
import type { ModelHealth, ModelRecord, ModelWithHealth } from './model.schema.ts'
import { toModelRecord } from './register-model.ts'

// The index finds the newest day of each series, so that only its chunks are read.
const lastPredictions = `SELECT s.model AS model, max((SELECT max(c.to_ms) FROM log_chunk c WHERE c.series = s.id AND c.kind = 1
	AND c.day = (SELECT d.day FROM log_chunk d WHERE d.series = s.id AND d.kind = 1 ORDER BY d.day DESC LIMIT 1))) AS value
	FROM log_series s WHERE s.segment = '' AND s.model IN (SELECT value FROM json_each(?)) GROUP BY s.model`

// The latest window of a series was computed last, or at least after the last change of its rows.
const lastComputations = `SELECT s.model AS model, max((SELECT r.computed_at FROM metric_record r WHERE r.series = s.id AND r.hours = 1
	ORDER BY r.from_ms DESC LIMIT 1)) AS value FROM log_series s
	WHERE s.segment = '' AND s.model IN (SELECT value FROM json_each(?)) GROUP BY s.model`

const pendingOutcomes = `SELECT model, max(count, 0) AS value FROM log_outcome_waiting WHERE model IN (SELECT value FROM json_each(?))`

const firing = `SELECT model, rule, severity, title, environment, version, subject_key AS subject, began, incident FROM alert
	WHERE status = 'firing' AND silence IS NULL AND model IN (SELECT value FROM json_each(?)) ORDER BY began`

async function numbersByModel(
	context: Context,
	sql: string,
	models: readonly string[],
): Promise<Map<string, number>> {
	const params = [JSON.stringify(models)]
	const rows = await context.sql.all<{ model: string; value: number | null }>({ sql, params })
	return new Map(rows.flatMap(({ model, value }) => (value === null ? [] : [[model, value]])))
}

const ranks = ['info', 'warning', 'critical'] as const
type Severity = (typeof ranks)[number]
type AlertRow = {
	model: string
	rule: string
	severity: Severity
	title: string
	environment: string
	version: string
	subject: string
	began: number
	incident: string | null
}

/** The worst firing alert of each model; the oldest of equally severe ones. */
async function worstAlerts(context: Context, models: readonly string[]): Promise<Map<string, AlertRow>> {
	const rows = await context.sql.all<AlertRow>({ sql: firing, params: [JSON.stringify(models)] })
	const worst = new Map<string, AlertRow>()
	for (const row of rows) {
		const known = worst.get(row.model)
		if (!known || ranks.indexOf(row.severity) > ranks.indexOf(known.severity)) worst.set(row.model, row)
	}
	return worst
}

const toWorstAlert = ({ subject, began, ...alert }: AlertRow): ModelHealth['worstAlert'] => ({
	rule: alert.rule,
	severity: alert.severity,
	title: alert.title,
	environment: alert.environment,
	version: alert.version,
	subject: parseKey(subject),
	since: formatTime(began),
	incident: alert.incident,
})

/** The health of the named models: `unknown` until a window was computed. */
export async function readHealth(
	context: Context,
	models: readonly string[],
): Promise<Map<string, ModelHealth>> {
	if (models.length === 0) return new Map()
	const predictions = await numbersByModel(context, lastPredictions, models)
	const computations = await numbersByModel(context, lastComputations, models)
	const alerts = await worstAlerts(context, models)
	const pending = await numbersByModel(context, pendingOutcomes, models)
	const time = (ms: number | undefined) => (ms === undefined ? null : formatTime(ms))
	return new Map(
		models.map((model) => {
			const alert = alerts.get(model)
			const status = alert ? alert.severity : computations.has(model) ? 'ok' : 'unknown'
			const health: ModelHealth = {
				status,
				worstAlert: alert ? toWorstAlert(alert) : null,
				lastPrediction: time(predictions.get(model)),
				lastComputation: time(computations.get(model)),
				waitingOutcomes: pending.get(model) ?? 0,
			}
			return [model, health]
		}),
	)
}

async function withHealth(context: Context, records: ModelRecord[]): Promise<ModelWithHealth[]> {
	const health = await readHealth(
		context,
		records.map((r) => r.model),
	)
	return records.map((record) => ({ ...record, health: health.get(record.model) as ModelHealth }))
}

/** Lists the models in the actor's scope by name, each with its health. */
export async function listModels(
	context: Context,
	actor: Actor,
	query: PageQuery,
): Promise<Page<ModelWithHealth>> {
	authorise(actor, 'viewer')
	const after = cursorText(query.cursor)
	const rows = await context.db
		.select()
		.from(models)
		.where(
			and(
				await inReach(context, actor, models.name),
				after === undefined ? undefined : gt(models.name, after),
			),
		)
		.orderBy(asc(models.name))
		.limit(query.limit + 1)
	const page = toPage(rows, query.limit, (row) => row.name, toModelRecord)
	return { ...page, items: await withHealth(context, page.items) }
}

/** One model with its health. Throws `not-found`. */
export async function getModel(context: Context, actor: Actor, name: string): Promise<ModelWithHealth> {
	authorise(actor, 'viewer', name)
	const record = toModelRecord(await findModel(context, name))
	return (await withHealth(context, [record]))[0] as ModelWithHealth
}
