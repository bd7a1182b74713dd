import { and, asc, gt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { models } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import { authorise } from '../key/authorise.ts'
import { findModel, inReach } from './find-model.ts'
import { type ModelRecord, toModelRecord } from './register-model.ts'

export type ModelHealth = {
	status: 'ok' | 'info' | 'warning' | 'critical' | 'unknown'
	worstAlert: {
		rule: string
		severity: string
		title: string
		environment: string
		version: string
		subject: Record<string, unknown>
		since: string | null
		incident: string | null
	} | null
	lastPrediction: string | null
	lastComputation: string | null
	/** Outcomes that name predictions which have not come: how many predictions. */
	waitingOutcomes: number
}

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

export type ModelWithHealth = ModelRecord & { health: ModelHealth }

async function withHealth(context: Context, records: ModelRecord[]): Promise<ModelWithHealth[]> {
	const health = await readHealth(
		context,
		records.map((r) => r.model),
	)
	return records.map((record) => ({ ...record, health: health.get(record.model) as ModelHealth }))
}

/** The models in the actor's scope, by name, each with its health. */
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
