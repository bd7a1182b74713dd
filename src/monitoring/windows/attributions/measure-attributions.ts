import { formatTime, windowMs } from '../../../core/time.ts'
import type { Series } from '../../../log/prediction-log.ts'
import type { AttributionMetric, MetricDescriptor } from '../../../metrics/descriptor.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import { type MetricValue, statusOf } from '../../../metrics/metric-value.ts'
import { orNull } from '../../bias/audit-numbers.ts'
import type { AttributionRecord } from './records.ts'

type Placed = { record: AttributionRecord; series: Series; supersedes?: number | undefined }

/** What the chosen metrics say of one record: of the window first, then feature by feature. */
export function measureAttributions(
	placed: Placed,
	metrics: readonly MetricDescriptor[],
	feature: string | undefined,
): MetricPoint[] {
	const chosen = metrics.filter((m): m is AttributionMetric => m.subject === 'attribution')
	const { values, features } = placed.record.result
	const answers: MetricPoint[] = []
	for (const metric of chosen) {
		const finding = values.get(metric.id)
		if (finding && feature === undefined) answers.push(toAnswer(placed, metric, finding, undefined))
	}
	for (const [name, own] of features) {
		if (feature !== undefined && feature !== name) continue
		for (const metric of chosen) {
			const finding = own.get(metric.id)
			if (finding) answers.push(toAnswer(placed, metric, finding, name))
		}
	}
	return answers
}

function toAnswer(
	{ record, series, supersedes }: Placed,
	metric: AttributionMetric,
	finding: MetricValue,
	feature: string | undefined,
): MetricPoint {
	const { model, version, environment } = series
	const { from, window, computedAt } = record
	return {
		metric: metric.id,
		subject: { model, version, environment, ...(feature === undefined ? {} : { feature }) },
		window: { from: formatTime(from), to: formatTime(from + windowMs[window]) },
		status: statusOf(finding),
		value: orNull(finding.value),
		n: finding.n,
		m: record.result.reference,
		low: orNull(finding.low),
		high: orNull(finding.high),
		p: orNull(finding.p),
		q: orNull(finding.q),
		method: metric.method,
		reason: finding.reason ?? null,
		baseline: record.baseline,
		provisional: record.provisional,
		computedAt: formatTime(computedAt),
		...(supersedes === undefined ? {} : { supersedes: formatTime(supersedes) }),
	}
}
