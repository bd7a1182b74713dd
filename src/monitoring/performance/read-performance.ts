import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import { metrics } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import type { Task } from '../../summaries/outcomes/label.ts'
import { readPoints } from '../windows/read-points.ts'
import {
	type ChosenSeries,
	chooseSeries,
	isEvaluated,
	lastMature,
	mainMetric,
	type Revision,
	readRevisions,
	readWindows,
	trendWindows,
	type WindowPoints,
} from '../windows/recent-windows.ts'

export type PerformanceQuery = {
	metric?: string | undefined
	window: WindowSize
	segment?: string | undefined
	environment?: string | undefined
}

/** A model's performance, for a message. */
export type ModelPerformance = {
	model: string
	task: Task
	maturity: ModelRow['maturity']
	chosen: ChosenSeries
	/** The metric of the trend, and those shown as figures. */
	metric: string
	shown: readonly string[]
	/** The last mature window with outcomes; undefined when there is none yet. */
	mature: WindowPoints | undefined
	/** Later mature windows without outcomes. */
	maturedWithout: number
	newest: WindowPoints | undefined
	trend: readonly WindowPoints[]
	/** Estimates of the chosen metric, oldest first, and how often the interval held the realised value. */
	estimates: readonly MetricPoint[]
	realised: { inside: number; of: number }
	revised: { items: Revision[]; count: number }
	/** Windows whose outcomes are not missing at random. */
	gaps: readonly MetricPoint[]
	/** Changes that detectors of concept drift found. */
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
const maxRevised = 3

/** The ids of the metrics that a task has. */
export const performanceMetrics = (task: Task): string[] =>
	metrics
		.filter((m) => m.subject === 'outcome' && (m.tasks as readonly Task[]).includes(task))
		.map((m) => m.id)

/** The metric that estimates another while outcomes are missing. */
const estimateOf = (metric: string): string | undefined =>
	metrics.find((m) => m.subject === 'estimate' && m.of === metric)?.id

/** Performance in the last mature and the newest window, and the trend; undefined when nothing was computed. */
export async function readPerformance(
	context: Context,
	model: ModelRow,
	query: PerformanceQuery,
): Promise<ModelPerformance | undefined> {
	const chosen = await chooseSeries(context, model, query.window, query)
	if (!chosen) return undefined
	const { task } = model
	const metric = query.metric ?? mainMetric[task]
	const estimate = estimateOf(metric)
	const shown = [...new Set([metric, ...shownOf[task].map((name) => `performance.${name}`)])]
	const ids = [...shown, gapId, ...(estimate === undefined ? [] : [estimate])]
	const span = trendWindows * windowMs[query.window]
	const until = (end: number) => ({ from: end - span, to: end })
	const end = chosen.newest + windowMs[query.window]
	const trend = await readWindows(context, chosen, task, ids, until(end))
	const earlier = trend.some(isEvaluated) ? undefined : await lastMature(context, chosen, end - span)
	// Realised values of estimates are known only as far back as outcomes are.
	const past =
		earlier === undefined
			? []
			: await readWindows(context, chosen, task, ids, until(earlier + windowMs[query.window]))
	const all = [...past, ...trend]
	const mature = all.findLast(isEvaluated)
	return {
		model: model.name,
		task,
		maturity: model.maturity,
		chosen,
		metric,
		shown,
		mature,
		maturedWithout: mature ? trend.filter((w) => w.isMature && w.from > mature.from).length : 0,
		newest: trend.at(-1),
		trend,
		...estimatesOf(trend, all, estimate),
		revised: await readRevisions(context, chosen, all, metric, maxRevised),
		gaps: gapsOf([mature, trend.at(-1)]),
		changes: await readChanges(context, chosen, until(end)),
	}
}

const of = (windows: readonly WindowPoints[], id: string | undefined): MetricPoint[] =>
	windows.flatMap((w) => (id === undefined ? [] : (w.points.get(id) ?? [])))

function estimatesOf(
	trend: readonly WindowPoints[],
	all: readonly WindowPoints[],
	estimate: string | undefined,
): Pick<ModelPerformance, 'estimates' | 'realised'> {
	const turnedOut = of(all, estimate).flatMap((a) => a.realised ?? [])
	return {
		estimates: of(trend, estimate).filter((a) => a.value !== null),
		realised: { inside: turnedOut.filter((r) => r.inside).length, of: turnedOut.length },
	}
}

const gapsOf = (windows: readonly (WindowPoints | undefined)[]): MetricPoint[] =>
	of(
		[...new Set(windows)].flatMap((w) => w ?? []),
		gapId,
	).filter((a) => a.p !== null && a.p < maxChance)

/** Detectors take all rows, so a segment has no changes of its own; days without predictions count too. */
async function readChanges(
	context: Context,
	{ model, series, window }: ChosenSeries,
	{ from, to }: { from: number; to: number },
): Promise<MetricPoint[]> {
	const { environment, version } = series
	if (series.segment !== '') return []
	const metrics = ['concept.*']
	const { items } = await readPoints(context, { model, environment, version, window, metrics, from, to })
	return items.filter((a) => (a.value ?? 0) > 0)
}
