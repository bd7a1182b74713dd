import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { type PointQuery, readPoints } from '../windows/read-points.ts'
import { type ChosenSeries, chooseSeries, trendWindows } from '../windows/recent-windows.ts'

export type DriftQuery = {
	window: WindowSize
	feature?: string | undefined
	segment?: string | undefined
	environment?: string | undefined
}

/** How far one column of a window is from the baseline. `effect` has the reason where it is unknown. */
export type ColumnDrift = {
	feature: string
	effect: MetricPoint
	psi: number | null
	p: number | null
	q: number | null
	isDetected: boolean
}

/** The drift of a model in one window, for a message. */
export type ModelDrift = {
	model: string
	chosen: ChosenSeries
	window: MetricPoint['window']
	/** The window is not over. */
	isOpen: boolean
	/** The worst first; those whose drift is unknown last. */
	columns: readonly ColumnDrift[]
	/** The column of the trend, and its effect in recent windows, oldest first. */
	trend: { feature: string; points: readonly MetricPoint[] } | undefined
}

const measures = ['drift.effect', 'drift.psi', 'drift.p', 'drift.q', 'drift.detected'] as const
const maxPoints = 10_000

/** The names of the columns that drift is computed of: features, `$score` and `$decision`. */
export async function driftedColumns(context: Context, model: string): Promise<string[]> {
	const rows = await context.sql.all<{ name: string }>({
		sql: `SELECT DISTINCT f.value ->> 'name' AS name FROM model_version v, json_each(v.features) f WHERE v.model = ? LIMIT 1000`,
		params: [model],
	})
	return [...rows.map((row) => row.name).sort(), '$score', '$decision']
}

/** Drift in the last window that is over, otherwise in the open one; undefined when nothing was computed. */
export async function readDrift(
	context: Context,
	{ name, ...row }: ModelRow,
	{ feature, ...query }: DriftQuery,
): Promise<ModelDrift | undefined> {
	const isOfAll = feature === undefined || feature.startsWith('$')
	const chosen = await chooseSeries(context, { name, ...row }, query.window, {
		...query,
		...(isOfAll ? {} : { feature }),
	})
	if (!chosen) return undefined
	const size = windowMs[chosen.window]
	const { series } = chosen
	const about: PointQuery = {
		model: name,
		environment: series.environment,
		version: series.version,
		segment: series.segment === '' ? undefined : `${series.segment}:${series.value}`,
		window: chosen.window,
		feature,
		limit: maxPoints,
	}
	const read = async (from: number) =>
		(await readPoints(context, { ...about, metrics: measures, from, to: from + 1 })).items
	const newest = await read(chosen.newest)
	const isOpen = newest.some((point) => point.provisional)
	const before = isOpen ? await read(chosen.newest - size) : []
	const points = before.length > 0 ? before : newest
	const columns = columnsOf(points)
	const [worst] = columns
	if (!worst) return undefined
	const end = chosen.newest + size
	const { items } = await readPoints(context, {
		...about,
		metrics: ['drift.effect'],
		feature: worst.feature,
		from: end - trendWindows * size,
		to: end,
	})
	return {
		model: name,
		chosen,
		window: worst.effect.window,
		isOpen: isOpen && before.length === 0,
		columns,
		trend: { feature: worst.feature, points: items },
	}
}

/** Columns by effect, the largest first; those that passed both gates before the others. */
function columnsOf(points: readonly MetricPoint[]): ColumnDrift[] {
	const values = new Map<string, Map<string, MetricPoint>>()
	for (const point of points) {
		const { feature } = point.subject
		if (feature === undefined) continue
		const known = values.get(feature) ?? new Map<string, MetricPoint>()
		values.set(feature, known.set(point.metric, point))
	}
	const columns = [...values].flatMap(([feature, of]): ColumnDrift[] => {
		const effect = of.get('drift.effect')
		const value = (metric: (typeof measures)[number]) => of.get(metric)?.value ?? null
		if (!effect) return []
		const isDetected = value('drift.detected') === 1
		return [
			{ feature, effect, psi: value('drift.psi'), p: value('drift.p'), q: value('drift.q'), isDetected },
		]
	})
	const rank = ({ effect, isDetected }: ColumnDrift) =>
		effect.value === null ? Number.NEGATIVE_INFINITY : effect.value + (isDetected ? 1e6 : 0)
	return columns.sort((a, b) => rank(b) - rank(a) || (a.feature < b.feature ? -1 : 1))
}
