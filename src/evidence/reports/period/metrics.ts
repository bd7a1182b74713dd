import type { Context } from '../../../context.ts'
import { getOrInsert } from '../../../core/maps.ts'
import { windowMs } from '../../../core/time.ts'
import { metrics } from '../../../metrics/index.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import { readPoints } from '../../../monitoring/windows/read-points.ts'
import { mainMetric } from '../../../monitoring/windows/recent-windows.ts'
import type { Cell, ReportTable } from '../template.ts'
import type { PeriodScope, Volume } from './scope.ts'
import { tableOf } from './section.ts'

// Points are those of the API's /metrics, restricted to records that were final and in force at the cut.

/** Of the metrics of features, those that the table shows; the file of the bundle has all. */
const shownOfFeatures: readonly string[] = ['drift.psi', 'quality.null_rate']
const shownOfGroups: readonly string[] = ['fairness.selection_rate']

const idsFor = (subject: string, isShown: (id: string) => boolean) =>
	metrics.filter((m) => m.subject === subject && isShown(m.id)).map((m) => m.id)

const shownIds: readonly string[] = [
	...['model', 'rejection', 'outcome', 'estimate', 'concept', 'attribute'].flatMap((s) =>
		idsFor(s, () => true),
	),
	...idsFor('feature', (id) => shownOfFeatures.includes(id)),
	...idsFor('group', (id) => shownOfGroups.includes(id)),
	...idsFor('attribution', () => true),
]
const shown = new Set(shownIds)

export const volumeId = 'quality.volume'
export const rejectedId = 'quality.rejected_rows'

/** All points of a series for the whole windows of the period. */
export async function pointsOf(
	context: Context,
	{ model, from, until, window, cut }: PeriodScope,
	{ series: { environment, version } }: Volume,
): Promise<MetricPoint[]> {
	const to = until - windowMs[window] + 1
	const query = { model: model.name, environment, window, from, to, asOf: cut.at }
	return (await readPoints(context, { ...query, version, limit: Number.MAX_SAFE_INTEGER })).items
}

/** Rows that were rejected, by code: they have no version. */
export async function rejectionsOf(
	context: Context,
	{ model, from, until, cut }: PeriodScope,
): Promise<MetricPoint[]> {
	const query = { model: model.name, window: '1h' as const, from, to: until, asOf: cut.at }
	return (await readPoints(context, { ...query, metrics: [rejectedId], limit: Number.MAX_SAFE_INTEGER }))
		.items
}

/** The main metric and the volume of each value of each segment. */
export async function segmentPoints(
	context: Context,
	{ model, from, until, window, cut }: PeriodScope,
	{ series: { environment, version } }: Volume,
	segments: readonly string[],
): Promise<MetricPoint[]> {
	const to = until - windowMs[window] + 1
	const query = { model: model.name, environment, version, window, from, to, asOf: cut.at }
	const wanted = [volumeId, mainMetric[model.task]]
	const points: MetricPoint[] = []
	for (const segment of segments) {
		const of = { ...query, segment, metrics: wanted, limit: Number.MAX_SAFE_INTEGER }
		points.push(...(await readPoints(context, of)).items)
	}
	return points
}

const columns: Record<string, (point: MetricPoint) => Cell | undefined> = {
	metric: ({ metric }) => metric,
	feature: ({ subject }) => subject.feature,
	segment: ({ subject: { segment } }) => segment && `${segment.name}:${segment.value}`,
	group: ({ subject }) => subject.group,
	from: ({ window }) => window.from,
	to: ({ window }) => window.to,
	value: ({ value }) => value,
	n: ({ n }) => n,
	status: ({ status }) => status,
}

export const metricTable = (id: string, title: string, points: readonly MetricPoint[]): ReportTable =>
	tableOf(
		id,
		title,
		points.filter(({ metric }) => shown.has(metric)),
		columns,
	)

/** Every point, with what the table leaves out. */
export const pointFile = (points: readonly MetricPoint[]): ReportTable =>
	tableOf('points', '', points, {
		version: ({ subject }) => subject.version,
		environment: ({ subject }) => subject.environment,
		...columns,
		code: ({ subject }) => subject.code,
		low: ({ low }) => low,
		high: ({ high }) => high,
		p: ({ p }) => p,
		q: ({ q }) => q,
		baseline: ({ baseline }) => baseline,
		provisional: ({ provisional }) => provisional,
		computedAt: ({ computedAt }) => computedAt,
		reason: ({ reason }) => reason,
	})

/** A row for each window, with one column for each of the names; null where there is no value. */
export function trendTable(
	id: string,
	title: string,
	points: readonly MetricPoint[],
	nameOf: (point: MetricPoint) => string | undefined,
	names: readonly string[],
): ReportTable {
	const rows = new Map<string, Map<string, Cell>>()
	for (const point of points) {
		const name = nameOf(point)
		if (name === undefined || !names.includes(name)) continue
		getOrInsert(rows, point.window.from, () => new Map()).set(name, point.value)
	}
	return {
		id,
		title,
		columns: ['from', ...names],
		rows: [...rows].map(([from, values]) => [from, ...names.map((name) => values.get(name) ?? null)]),
	}
}
