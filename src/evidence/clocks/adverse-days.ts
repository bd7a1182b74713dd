import { and, eq, inArray } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { adverseDays, deployments } from '../../db/schema.ts'
import { type DecisionRule, decide, decisionRule } from '../../decisions/explanation/decision.ts'
import { readManifest } from '../../explain/manifest.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { modelAt } from '../../registry/model/model-history.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { cellValue } from '../../summaries/inputs/columns.ts'

/** Decisions about people are those of this environment. */
export const environment = 'production'

/** Days that one run counts for a model; the next run goes on. */
const maxDays = 400

type Counted = { byDay: Map<number, number>; remaining: number }

/**
 * The decisions against the person by UTC day, up to a day. A day is counted from the summaries of its hours, when it is due or
 * when its number of rows has changed since: the cost grows with the days that changed, and no row is read.
 */
export async function adverseByDay(context: Context, model: ModelRow, until: number): Promise<Counted> {
	const all = await context.log.series(model.name)
	const series = all.filter((s) => s.environment === environment && s.segment === '')
	if (series.length === 0 || model.task !== 'binary') return { byDay: new Map(), remaining: 0 }
	const ids = series.map(({ id }) => id)
	const [days, known, served] = await Promise.all([
		context.log.rowsByDay(ids, until),
		context.db.select().from(adverseDays).where(inArray(adverseDays.series, ids)),
		servingDays(context, model.name),
	])
	const keyOf = (id: number, day: number) => `${id} ${day}`
	const counted = new Map(known.map((row) => [keyOf(row.series, row.day), row]))
	const changed = days.filter(({ seriesId, day, rows }) => counted.get(keyOf(seriesId, day))?.rows !== rows)
	for (const { seriesId, day, rows } of changed.slice(0, maxDays)) {
		const one = series.find(({ id }) => id === seriesId) as Series
		const adverse = await countDay(context, model.name, one, day)
		const row = { series: seriesId, day, rows, adverse }
		counted.set(keyOf(seriesId, day), row)
		await context.db
			.insert(adverseDays)
			.values(row)
			.onConflictDoUpdate({ target: [adverseDays.series, adverseDays.day], set: { rows, adverse } })
	}
	const byDay = new Map<number, number>()
	for (const { seriesId, day } of days) {
		const { version } = series.find(({ id }) => id === seriesId) as Series
		const adverse = counted.get(keyOf(seriesId, day))?.adverse ?? 0
		if (adverse > 0 && served(version, day)) byDay.set(day, (byDay.get(day) ?? 0) + adverse)
	}
	return { byDay, remaining: Math.max(0, changed.length - maxDays) }
}

/** The decisions of a day and series against the person. */
async function countDay(context: Context, model: string, { id, version }: Series, day: number) {
	const [summary, rule] = await Promise.all([
		context.log.outcomes(id, day * dayMs, (day + 1) * dayMs),
		ruleOf(context, model, version, day * dayMs),
	])
	const bins = summary?.bins.get(rule.adverse === 'high' ? '+' : '-')
	let count = 0
	for (const [rows = 0] of bins?.values() ?? []) count += rows
	return count
}

/** How a version decides, as explanations say it. */
async function ruleOf(context: Context, model: string, version: string, at: number): Promise<DecisionRule> {
	const [moment, row] = await Promise.all([modelAt(context, model, at), findVersion(context, model, version)])
	const read = readManifest(row.manifest)
	const space = row.artifact?.format === 'scorecard' ? 'points' : undefined
	return decisionRule(moment, 'manifest' in read ? read.manifest : {}, space)
}

const maxExamples = 5

/** The ids of some decisions of a day against the person that are not among these. Reads the rows of that day. */
export async function adverseExamples(
	context: Context,
	model: string,
	day: number,
	made: ReadonlySet<string>,
): Promise<string[]> {
	const from = day * dayMs
	const served = await servingDays(context, model)
	const found: string[] = []
	await context.log.scan({ model, environment, from, to: from + dayMs }, async (batch, { version }) => {
		if (found.length >= maxExamples || !served(version, day)) return
		const rule = await ruleOf(context, model, version, from)
		for (let row = 0; row < batch.rows && found.length < maxExamples; row++) {
			const id = batch.ids[row] as string
			const label = cellValue(batch.labels, row, batch.strings)
			const { adverse } = decide(rule, { label, score: batch.scores[row] as number })
			if (adverse === true && !made.has(id)) found.push(id)
		}
	})
	return found
}

/** Whether a version took decisions on a day: not a challenger, whose scores decide nothing. */
async function servingDays(context: Context, model: string) {
	const rows = await context.db
		.select()
		.from(deployments)
		.where(and(eq(deployments.model, model), eq(deployments.environment, environment)))
		.orderBy(deployments.revision)
	return (version: string, day: number): boolean => {
		const [from, to] = [day * dayMs, (day + 1) * dayMs]
		const then = rows.filter(({ since }, i) => since < to && (rows[i + 1]?.since ?? to) > from)
		return (
			then.length === 0 || then.some((row) => row.champion === version || row.canary?.version === version)
		)
	}
}
