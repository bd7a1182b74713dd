import type { Context } from '../../../context.ts'
import { type WindowSize, windowMs } from '../../../core/time.ts'
import type { Series } from '../../../log/prediction-log.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import { currentDeployments } from '../../../registry/deployment/get-deployment.ts'
import type { ModelRow } from '../../../registry/model/find-model.ts'
import type { Task } from '../../../summaries/outcomes/label.ts'
import { readAnswers } from '../read-metrics.ts'
import { hoursOf } from '../records.ts'

/** Whose windows are looked at: one version in one environment, of all rows or of one value of a segment. */
export type Place = { model: string; series: Series; window: WindowSize; newest: number; others: Series[] }

/** What is known of one window; windows without predictions are left out. `answers` by metric id, of all rows. */
export type WindowAnswers = {
	from: number
	window: MetricPoint['window']
	/** Its values are final: it is over, and enough outcomes are known or it has waited long enough. */
	isMature: boolean
	isOver: boolean
	coverage: MetricPoint
	answers: ReadonlyMap<string, MetricPoint>
}

/** Final, with outcomes. */
export const isEvaluated = (w: WindowAnswers): boolean => w.isMature && (w.coverage.value ?? 0) > 0

/** That many windows are a trend. */
export const trendWindows = 30
const maxAnswers = 10_000

/** The metric that says most of a model of a task. */
export const mainMetric: Record<Task, string> = {
	binary: 'performance.roc_auc',
	multiclass: 'performance.accuracy',
	regression: 'performance.mae',
	ranking: 'performance.ndcg_10',
}
const coverageId = 'performance.outcome_coverage'

/** The values of segments that have statistics of their own, as `name:value`. */
export async function segmentValues(
	context: Context,
	model: string,
	hidden: readonly string[] = [],
): Promise<string[]> {
	const series = await context.log.series(model)
	const shown = series.filter((s) => s.segment !== '' && !hidden.includes(s.segment))
	return [...new Set(shown.map((s) => `${s.segment}:${s.value}`))].sort()
}

/**
 * The version and environment that a question without them is about: what serves production, else what serves elsewhere,
 * else the newest, of those that are not long past. Undefined when nothing was computed.
 */
export async function choosePlace(
	context: Context,
	{ name }: ModelRow,
	window: WindowSize,
	segment?: string,
): Promise<Place | undefined> {
	const wanted = segment === undefined ? ':' : segment
	const series = (await context.log.series(name)).filter((s) => `${s.segment}:${s.value}` === wanted)
	const rows = (await context.sql.values({
		sql: `SELECT value, (SELECT max(from_ms) FROM outcome_record WHERE series = value AND hours = ?)
			FROM json_each(?)`,
		params: [hoursOf(window), JSON.stringify(series.map((s) => s.id))],
	})) as unknown as [number, number | null][]
	const newest = new Map(rows.flatMap(([id, from]) => (from === null ? [] : [[id, from] as const])))
	const since = Math.max(...newest.values()) - trendWindows * windowMs[window]
	const serving = (await currentDeployments(context, name)).map((d) => `${d.environment}/${d.champion}`)
	const rank = ({ environment, version }: Series) =>
		(serving.includes(`${environment}/${version}`) ? 2 : 0) + (environment === 'production' ? 1 : 0)
	const newestOf = (s: Series) => newest.get(s.id) ?? Number.NEGATIVE_INFINITY
	const [chosen, ...others] = series
		.filter((s) => newestOf(s) > since)
		.sort((a, b) => rank(b) - rank(a) || newestOf(b) - newestOf(a) || b.id - a.id)
	return chosen && { model: name, series: chosen, window, newest: newestOf(chosen), others }
}

/** Windows that begin in [from, to), oldest first. */
export async function readWindows(
	context: Context,
	{ model, series, window }: Place,
	task: Task,
	metrics: readonly string[],
	{ from, to }: { from: number; to: number },
): Promise<WindowAnswers[]> {
	const { items } = await readAnswers(context, {
		model,
		environment: series.environment,
		version: series.version,
		segment: series.segment === '' ? undefined : `${series.segment}:${series.value}`,
		window,
		metrics: [...new Set([coverageId, mainMetric[task], ...metrics])],
		from,
		to,
		limit: maxAnswers,
	})
	const byWindow = new Map<string, MetricPoint[]>()
	for (const answer of items) {
		const list = byWindow.get(answer.window.from) ?? []
		byWindow.set(answer.window.from, list)
		list.push(answer)
	}
	return [...byWindow.values()].flatMap((list): WindowAnswers[] => {
		const answers = new Map(list.map((a) => [a.metric, a]))
		const coverage = answers.get(coverageId)
		if (!coverage) return []
		const isMature = answers.get(mainMetric[task])?.provisional === false
		const at = Date.parse(coverage.window.from)
		return [{ from: at, window: coverage.window, isMature, isOver: !coverage.provisional, coverage, answers }]
	})
}

/** When the last window began, before a time, that is mature and whose outcomes are known. */
export async function lastMature(
	context: Context,
	{ series, window }: Place,
	before: number,
): Promise<number | undefined> {
	const [row] = (await context.sql.values({
		sql: `SELECT from_ms FROM outcome_record WHERE series = ? AND hours = ? AND from_ms < ? AND superseded_at IS NULL
			AND provisional = 0 AND mature_at IS NULL AND labelled > 0 ORDER BY from_ms DESC LIMIT 1`,
		params: [series.id, hoursOf(window), before],
	})) as unknown as [number][]
	return row?.[0]
}
