import { formatTime, windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { columnViews, identifierReason, isIdentifier } from '../../metrics/compare.ts'
import type { ColumnMetric, ColumnView } from '../../metrics/descriptor.ts'
import { pooledGroups, significance } from '../../metrics/drift-test.ts'
import type { MetricDescriptor } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { MetricResult } from '../../metrics/metric-value.ts'
import type { Reference } from '../../metrics/reference.ts'
import type { ColumnResult } from '../../metrics/window-result.ts'
import { total } from '../../stats/counts.ts'
import type { MetricRecord } from './records.ts'

/** A record with what it was computed against. */
export type Placed = {
	record: MetricRecord
	series: Series
	reference: Reference
	supersedes?: number | undefined
}

type Place = { feature?: string; n: number; m: number }
/** Of a record, formatted once for all of its answers. */
type Times = Pick<MetricPoint, 'window' | 'computedAt' | 'supersedes'>

/** What the chosen metrics say of one record: the window's own first, then column by column. */
export function measureRecord(
	placed: Placed,
	metrics: readonly MetricDescriptor[],
	feature: string | undefined,
	now: number,
): MetricPoint[] {
	const { record, reference } = placed
	const answers: MetricPoint[] = []
	const { from, window, result } = record
	const times = timesOf(placed)
	if (feature === undefined) {
		const until = Math.min(from + windowMs[window], Math.max(now, from))
		const place = { n: result.rows, m: reference.rows }
		for (const metric of metrics)
			if (metric.subject === 'model')
				answers.push(toAnswer(placed, times, metric, metric.measure({ result, from, until }), place))
	}
	for (const view of columnViews(reference, result, record.baseline !== null)) {
		const { name } = view.reference.bins
		if (feature !== undefined && feature !== name) continue
		const place = { feature: name, n: total(view.result.groups), m: total(view.reference.groups) }
		for (const metric of metrics) {
			if (metric.subject !== 'feature') continue
			const measure = measureColumn(metric, view)
			const past = gateMetrics.has(metric.id) ? besidePast(view.result) : ''
			answers.push(
				toAnswer(
					placed,
					times,
					metric,
					past === '' ? measure : { ...measure, method: measure.method + past },
					place,
				),
			)
		}
	}
	return answers
}

/** What a metric says of one column; a value of drift with its test. */
export function measureColumn(metric: ColumnMetric, view: ColumnView): MetricResult {
	const measure = metric.measure(view)
	return metric.id.startsWith('drift.') && measure.status === 'ok'
		? { ...evidenceFor(view), ...measure }
		: measure
}

/** What goes with every value of drift: the test, the rows that it counts, and what of an identifier is compared. */
function evidenceFor(view: ColumnView): Partial<MetricResult> {
	const tested = pooledGroups(view, '')
	if ('missing' in tested) return {}
	const { p, nEffective } = significance(tested.pair)
	return {
		...{ p, q: view.result.q, nEffective: Number(nEffective.toPrecision(4)) },
		...(isIdentifier(view) ? { reason: identifierReason(view) } : {}),
	}
}

const gateMetrics = new Set(['drift.p', 'drift.q', 'drift.detected'])
/** With fewer past windows their variation is not known well. */
const enoughWindows = 14

function besidePast({ variation, expected }: ColumnResult): string {
	const season = expected ? '; the baseline as it usually is at this time of the week' : ''
	if (!variation) return season
	const few = variation.windows < enoughWindows ? ', too few to rely on, and a prior' : ''
	return `; beside the variation of ${variation.windows} windows before${few}${season}`
}

const orNull = (value: number | null | undefined): number | null =>
	value === undefined || value === null || !Number.isFinite(value) ? null : value

function toAnswer(
	{ record, series }: Placed,
	times: Times,
	metric: MetricDescriptor,
	measure: MetricResult,
	place: Place,
): MetricPoint {
	const { model, version, environment, segment, value } = series
	const subject = {
		model,
		version,
		environment,
		...(place.feature === undefined ? {} : { feature: place.feature }),
		...(segment === '' ? {} : { segment: { name: segment, value } }),
	}
	return {
		metric: metric.id,
		subject,
		window: times.window,
		status: measure.status,
		value: orNull(measure.value),
		n: place.n,
		m: place.m,
		...(measure.nEffective === undefined ? {} : { nEffective: measure.nEffective }),
		low: orNull(measure.low),
		high: orNull(measure.high),
		p: orNull(measure.p),
		q: orNull(measure.q),
		method: measure.method,
		reason: measure.reason ?? null,
		baseline: record.baseline,
		provisional: record.provisional,
		computedAt: times.computedAt,
		...(times.supersedes === undefined ? {} : { supersedes: times.supersedes }),
	}
}

const timesOf = ({ record: { from, window, computedAt }, supersedes }: Placed): Times => ({
	window: { from: formatTime(from), to: formatTime(from + windowMs[window]) },
	computedAt: formatTime(computedAt),
	...(supersedes === undefined ? {} : { supersedes: formatTime(supersedes) }),
})
