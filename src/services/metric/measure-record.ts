import { formatTime, windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { Answer, Measure } from '../../metrics/answer.ts'
import type { ColumnView } from '../../metrics/descriptor.ts'
import { evidenceOf } from '../../metrics/gates.ts'
import type { MetricDescriptor } from '../../metrics/index.ts'
import type { Reference } from '../../metrics/reference.ts'
import { testable } from '../../metrics/tested-groups.ts'
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
type Times = Pick<Answer, 'window' | 'computedAt' | 'supersedes'>

/** What the chosen metrics say of one record: the window's own first, then column by column. */
export function measureRecord(
	placed: Placed,
	metrics: readonly MetricDescriptor[],
	feature: string | undefined,
	now: number,
): Answer[] {
	const { record, reference } = placed
	const answers: Answer[] = []
	const { from, window, result } = record
	const times = timesOf(placed)
	if (feature === undefined) {
		const until = Math.min(from + windowMs[window], Math.max(now, from))
		const place = { n: result.rows, m: reference.rows }
		for (const metric of metrics)
			if (metric.subject === 'model')
				answers.push(toAnswer(placed, times, metric, metric.measure({ result, from, until }), place))
	}
	const drift = metrics.some((m) => m.id.startsWith('drift.'))
	for (const view of columnViews(placed)) {
		const { name } = view.reference.grid
		if (feature !== undefined && feature !== name) continue
		const place = { feature: name, n: total(view.result.groups), m: total(view.reference.groups) }
		const tested = drift ? testable(view, '') : undefined
		const evidence = tested && 'pair' in tested ? { p: evidenceOf(tested.pair).p, q: view.result.q } : {}
		for (const metric of metrics) {
			if (metric.subject !== 'feature') continue
			const measure = metric.measure(view)
			const both =
				metric.id.startsWith('drift.') && measure.status === 'ok' ? { ...evidence, ...measure } : measure
			answers.push(toAnswer(placed, times, metric, both, place))
		}
	}
	return answers
}

/** The columns of a record beside their reference. */
export function columnViews({ record, reference }: Placed): ColumnView[] {
	const views: ColumnView[] = []
	// Columns that were not decoded are holes, and are passed over.
	record.result.columns.forEach((result, i) => {
		const column = reference.columns[i]
		if (column)
			views.push({ reference: column, result, spec: column.grid.spec, hasBaseline: record.baseline !== null })
	})
	return views
}

const orNull = (value: number | null | undefined): number | null =>
	value === undefined || value === null || !Number.isFinite(value) ? null : value

function toAnswer(
	{ record, series }: Placed,
	times: Times,
	metric: MetricDescriptor,
	measure: Measure,
	place: Place,
): Answer {
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
