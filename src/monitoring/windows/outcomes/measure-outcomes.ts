import { formatTime, windowMs } from '../../../core/time.ts'
import type { Series } from '../../../log/prediction-log.ts'
import type {
	AttributeMetric,
	ConceptMetric,
	EstimateMetric,
	GroupMetric,
	OutcomeMetric,
} from '../../../metrics/descriptor.ts'
import { groupMeasure, withoutSmallGroups } from '../../../metrics/fairness.ts'
import type { MetricDescriptor } from '../../../metrics/index.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import { type MetricValue, statusOf } from '../../../metrics/metric-value.ts'
import { type AttributeResult, groupAndRest, wholeOf } from '../../../metrics/outcome-result.ts'
import { orNull } from '../../bias/audit-numbers.ts'
import type { OutcomeRecord } from './records.ts'

/** An outcome record with whose it is, and when the value that it replaces was computed. */
export type PlacedOutcome = { record: OutcomeRecord; series: Series; supersedes?: number | undefined }

/** Of a record, formatted once for all of its answers. */
type Times = Pick<MetricPoint, 'window' | 'computedAt' | 'supersedes'>
type Timed = PlacedOutcome & { times: Times; minRows: number }

const timed = (placed: PlacedOutcome) => {
	const { record, supersedes } = placed
	const { from, window, computedAt } = record
	const times = {
		window: { from: formatTime(from), to: formatTime(from + windowMs[window]) },
		computedAt: formatTime(computedAt),
		...(supersedes === undefined ? {} : { supersedes: formatTime(supersedes) }),
	}
	return { ...placed, times }
}

type Kept = OutcomeMetric | EstimateMetric | ConceptMetric | AttributeMetric | GroupMetric

/**
 * What the chosen metrics say of one record: the window's own first, then attribute by attribute with its groups. Groups
 * of fewer than `leastRows` rows are not named.
 */
export function measureOutcomes(
	bare: PlacedOutcome,
	metrics: readonly MetricDescriptor[],
	group: string | undefined,
	minRows = 0,
): MetricPoint[] {
	const placed = { ...timed(bare), minRows }
	const { result } = placed.record
	const answers: MetricPoint[] = []
	if (group === undefined)
		for (const metric of metrics) {
			if (metric.subject !== 'outcome' && metric.subject !== 'estimate' && metric.subject !== 'concept')
				continue
			const finding = result.values.get(metric.id)
			if (finding) answers.push(toAnswer(placed, metric, finding, undefined))
		}
	for (const [attribute, stored] of result.attributes)
		answers.push(...measureAttribute(placed, metrics, { attribute, stored }, group))
	return answers
}

function measureAttribute(
	placed: Timed,
	metrics: readonly MetricDescriptor[],
	{ attribute, stored }: { attribute: string; stored: AttributeResult },
	group: string | undefined,
): MetricPoint[] {
	const answers: MetricPoint[] = []
	const { favourable } = placed.record.result
	const isAsked = group === undefined || group === attribute
	for (const metric of metrics) {
		const finding = metric.subject === 'attribute' && isAsked ? stored.values.get(metric.id) : undefined
		if (finding && metric.subject === 'attribute') answers.push(toAnswer(placed, metric, finding, attribute))
	}
	const ofGroups = metrics.filter((m) => m.subject === 'group')
	if (ofGroups.length === 0) return answers
	const whole = wholeOf(stored)
	for (const value of stored.groups.keys()) {
		const name = groupName(attribute, value)
		if (!isAsked && group !== name) continue
		const { own, rest } = groupAndRest(stored, value, whole)
		if (own.n < placed.minRows) continue
		for (const metric of ofGroups)
			answers.push(toAnswer(placed, metric, groupMeasure(metric, { own, rest }, favourable), name))
	}
	return answers
}

/** `SEX=2`; for an intersection `SEX=2 x MARRIAGE=1`. */
export function groupName(attribute: string, value: string): string {
	const [attributes, values] = [attribute.split(' x '), value.split(' x ')]
	if (attributes.length !== values.length) return `${attribute}=${value}`
	return attributes.map((a, i) => `${a}=${values[i]}`).join(' x ')
}

function toAnswer(
	{ record, series, times, minRows }: Timed,
	metric: Kept,
	finding: MetricValue,
	group: string | undefined,
): MetricPoint {
	const { model, version, environment, segment, value } = series
	return {
		metric: metric.id,
		subject: {
			model,
			version,
			environment,
			...(segment === '' ? {} : { segment: { name: segment, value } }),
			...(group === undefined ? {} : { group }),
		},
		window: times.window,
		status: statusOf(finding),
		value: orNull(finding.value),
		n: finding.n,
		m: 0,
		low: orNull(finding.low),
		high: orNull(finding.high),
		p: orNull(finding.p),
		q: orNull(finding.q),
		method: metric.method,
		reason: reasonOf(finding, minRows),
		baseline: metric.subject === 'estimate' ? record.baseline : null,
		provisional: isProvisional(record, metric),
		computedAt: times.computedAt,
		...(times.supersedes === undefined ? {} : { supersedes: times.supersedes }),
		...(record.change === null ? {} : { change: record.change }),
		...(finding.trust ? { trust: finding.trust } : {}),
		...realisedOf(record, metric, finding),
	}
}

/** What rests on outcomes is not final while enough of them can still come. */
export const isProvisional = (record: OutcomeRecord, metric: MetricDescriptor): boolean =>
	record.provisional || ('on' in metric && metric.on === 'outcomes' && record.matureAt !== null)

const reasonOf = ({ reason }: MetricValue, minRows: number): string | null =>
	minRows > 0 ? withoutSmallGroups(reason ?? null) : (reason ?? null)

/** How an estimate turned out, once the window's outcomes are known. */
function realisedOf(
	record: OutcomeRecord,
	metric: Kept,
	finding: MetricValue,
): Pick<MetricPoint, 'realised'> {
	if (metric.subject !== 'estimate' || record.provisional || record.matureAt !== null) return {}
	const value = record.result.values.get(metric.of)?.value ?? Number.NaN
	if (!Number.isFinite(value) || !Number.isFinite(finding.value)) return {}
	const isInside = value >= finding.low && value <= finding.high
	return { realised: { value, error: finding.value - value, inside: isInside } }
}
