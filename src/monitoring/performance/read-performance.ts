import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import { metrics } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import type { Task } from '../../summaries/outcomes/label.ts'
import {
	choosePlace,
	isEvaluated,
	lastMature,
	mainMetric,
	type Place,
	readWindows,
	trendWindows,
	type WindowAnswers,
} from '../windows/outcomes/recent-windows.ts'
import { type Restatement, readRestatements } from '../windows/outcomes/restatements.ts'
import { readAnswers } from '../windows/read-metrics.ts'

export type PerformanceQuery = {
	metric?: string | undefined
	window: WindowSize
	segment?: string | undefined
}

/** How a model does: what the blocks of a message are made of. */
export type ModelPerformance = {
	model: string
	task: Task
	maturity: ModelRow['maturity']
	place: Place
	/** The metric of the trend, and those of the figures. */
	metric: string
	shown: readonly string[]
	/** The last mature window with outcomes; undefined when there is none yet. */
	mature: WindowAnswers | undefined
	/** Mature windows after it, of which no outcome came. */
	maturedWithout: number
	newest: WindowAnswers | undefined
	trend: readonly WindowAnswers[]
	/** What the chosen metric was expected to be, oldest first, and how often the interval held what it then was. */
	estimates: readonly MetricPoint[]
	realised: { inside: number; of: number }
	restated: { items: Restatement[]; count: number }
	/** Windows whose outcomes are not missing at random. */
	gaps: readonly MetricPoint[]
	/** Changes that detectors found among the errors. */
	changes: readonly MetricPoint[]
}

const shownOf: Record<Task, readonly string[]> = {
	binary: ['roc_auc', 'pr_auc', 'accuracy', 'precision', 'recall', 'f1', 'brier', 'ece'],
	multiclass: ['accuracy', 'roc_auc', 'precision', 'recall', 'f1', 'log_loss'],
	regression: ['mae', 'rmse', 'mape', 'r2', 'bias'],
	ranking: ['ndcg_10', 'mrr', 'map_10'],
}
const gapId = 'performance.coverage_gap'
const maxChance = 0.01
const maxRestated = 3

/** The metrics that can be asked for of a task, as ids. */
export const performanceMetrics = (task: Task): string[] =>
	metrics
		.filter((m) => m.subject === 'outcome' && (m.tasks as readonly Task[]).includes(task))
		.map((m) => m.id)

/** The estimate that stands in for a metric while outcomes are missing. */
const estimateOf = (metric: string): string | undefined =>
	metrics.find((m) => m.subject === 'estimate' && m.of === metric)?.id

/** The model's performance in its last mature and its newest window, and over the last windows; undefined when nothing was computed. */
export async function readPerformance(
	context: Context,
	model: ModelRow,
	query: PerformanceQuery,
): Promise<ModelPerformance | undefined> {
	const place = await choosePlace(context, model, query.window, query.segment)
	if (!place) return undefined
	const { task } = model
	const metric = query.metric ?? mainMetric[task]
	const estimate = estimateOf(metric)
	const shown = [...new Set([metric, ...shownOf[task].map((name) => `performance.${name}`)])]
	const ids = [...shown, gapId, ...(estimate === undefined ? [] : [estimate])]
	const span = trendWindows * windowMs[query.window]
	const until = (end: number) => ({ from: end - span, to: end })
	const end = place.newest + windowMs[query.window]
	const trend = await readWindows(context, place, task, ids, until(end))
	const earlier = trend.some(isEvaluated) ? undefined : await lastMature(context, place, end - span)
	// How estimates turned out is known only as far back as outcomes are.
	const past =
		earlier === undefined
			? []
			: await readWindows(context, place, task, ids, until(earlier + windowMs[query.window]))
	const all = [...past, ...trend]
	const mature = all.findLast(isEvaluated)
	return {
		model: model.name,
		task,
		maturity: model.maturity,
		place,
		metric,
		shown,
		mature,
		maturedWithout: mature ? trend.filter((w) => w.isMature && w.from > mature.from).length : 0,
		newest: trend.at(-1),
		trend,
		...estimatesOf(trend, all, estimate),
		restated: await readRestatements(context, place, all, metric, maxRestated),
		gaps: gapsOf([mature, trend.at(-1)]),
		changes: await readChanges(context, place, until(end)),
	}
}

const of = (windows: readonly WindowAnswers[], id: string | undefined): MetricPoint[] =>
	windows.flatMap((w) => (id === undefined ? [] : (w.answers.get(id) ?? [])))

function estimatesOf(
	trend: readonly WindowAnswers[],
	all: readonly WindowAnswers[],
	estimate: string | undefined,
): Pick<ModelPerformance, 'estimates' | 'realised'> {
	const turnedOut = of(all, estimate).flatMap((a) => a.realised ?? [])
	return {
		estimates: of(trend, estimate).filter((a) => a.value !== null),
		realised: { inside: turnedOut.filter((r) => r.inside).length, of: turnedOut.length },
	}
}

const gapsOf = (windows: readonly (WindowAnswers | undefined)[]): MetricPoint[] =>
	of(
		[...new Set(windows)].flatMap((w) => w ?? []),
		gapId,
	).filter((a) => a.p !== null && a.p < maxChance)

/** Detectors look at all rows: a segment has none of its own, and days without predictions count too. */
async function readChanges(
	context: Context,
	{ model, series, window }: Place,
	{ from, to }: { from: number; to: number },
): Promise<MetricPoint[]> {
	const { environment, version } = series
	if (series.segment !== '') return []
	const metrics = ['concept.*']
	const { items } = await readAnswers(context, { model, environment, version, window, metrics, from, to })
	return items.filter((a) => (a.value ?? 0) > 0)
}
