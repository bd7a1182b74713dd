import { formatTime, windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { columnViews, identifierReason, isIdentifier } from '../../metrics/compare.ts'
import type {
	AttributeMetric,
	ColumnMetric,
	ColumnView,
	ConceptMetric,
	EstimateMetric,
	GroupMetric,
	OutcomeMetric,
} from '../../metrics/descriptor.ts'
import { pooledGroups, significance } from '../../metrics/drift-test.ts'
import { groupMeasure, withoutSmallGroups } from '../../metrics/fairness.ts'
import type { MetricDescriptor } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { type MetricResult, type MetricValue, statusOf } from '../../metrics/metric-value.ts'
import { type AttributeResult, groupAndRest, wholeOf } from '../../metrics/outcome-result.ts'
import type { Reference } from '../../metrics/reference.ts'
import type { ColumnResult } from '../../metrics/window-result.ts'
import { total } from '../../stats/counts.ts'
import type { AttributionRecord, InputRecord, OutcomeRecord, WindowRecord } from './records.ts'

/** A record with its series, and when the revision before it was computed. */
type InSeries<Record> = { record: Record; series: Series; supersedes?: number | undefined }

/** What all points of a record have in common, made once. */
type Common = {
	series: Pick<MetricPoint['subject'], 'model' | 'version' | 'environment'>
	segment: Pick<MetricPoint['subject'], 'segment'>
	window: MetricPoint['window']
	computedAt: string
	supersedes: Pick<MetricPoint, 'supersedes'>
}

function commonOf({ record, series, supersedes }: InSeries<WindowRecord<unknown>>): Common {
	const { from, window, computedAt } = record
	const { model, version, environment, segment, value } = series
	return {
		series: { model, version, environment },
		segment: segment === '' ? {} : { segment: { name: segment, value } },
		window: { from: formatTime(from), to: formatTime(from + windowMs[window]) },
		computedAt: formatTime(computedAt),
		supersedes: supersedes === undefined ? {} : { supersedes: formatTime(supersedes) },
	}
}

type Own = Omit<MetricResult, 'reason'> &
	Pick<MetricPoint, 'metric' | 'n' | 'm' | 'reason' | 'baseline' | 'provisional'>

/** One point. Members are in the order in which answers have them. */
const toPoint = (
	common: Common,
	subject: { feature?: string; group?: string },
	own: Own,
	more: Partial<MetricPoint> = {},
): MetricPoint => ({
	metric: own.metric,
	subject: {
		...common.series,
		...(subject.feature === undefined ? {} : { feature: subject.feature }),
		...common.segment,
		...(subject.group === undefined ? {} : { group: subject.group }),
	},
	window: common.window,
	status: own.status,
	value: orNull(own.value),
	n: own.n,
	m: own.m,
	...(own.nEffective === undefined ? {} : { nEffective: own.nEffective }),
	low: orNull(own.low),
	high: orNull(own.high),
	p: orNull(own.p),
	q: orNull(own.q),
	method: own.method,
	reason: own.reason,
	baseline: own.baseline,
	provisional: own.provisional,
	computedAt: common.computedAt,
	...common.supersedes,
	...more,
})

const orNull = (value: number | null | undefined): number | null =>
	value === undefined || value === null || !Number.isFinite(value) ? null : value

// -- inputs -------------------------------------------------------------------------------------------------

/** The points of an input record: the window's own first, then column by column. */
export function inputPoints(
	{ reference, ...stored }: InSeries<InputRecord> & { reference: Reference },
	metrics: readonly MetricDescriptor[],
	feature: string | undefined,
	now: number,
): MetricPoint[] {
	const { record } = stored
	const { from, window, result, baseline, provisional } = record
	const common = commonOf(stored)
	const points: MetricPoint[] = []
	const add = (
		{ id: metric }: MetricDescriptor,
		subject: { feature?: string },
		value: MetricResult,
		n: number,
		m: number,
	) => {
		const { reason = null } = value
		points.push(toPoint(common, subject, { ...value, metric, n, m, reason, baseline, provisional }))
	}
	if (feature === undefined) {
		const until = Math.min(from + windowMs[window], Math.max(now, from))
		for (const metric of metrics)
			if (metric.subject === 'model')
				add(metric, {}, metric.measure({ result, from, until }), result.rows, reference.rows)
	}
	for (const view of columnViews(reference, result, baseline !== null)) {
		const { name } = view.reference.bins
		if (feature !== undefined && feature !== name) continue
		const [n, m] = [total(view.result.groups), total(view.reference.groups)]
		for (const metric of metrics) {
			if (metric.subject !== 'feature') continue
			const value = columnMetric(metric, view)
			const past = gateMetrics.has(metric.id) ? besidePast(view.result) : ''
			add(metric, { feature: name }, past === '' ? value : { ...value, method: value.method + past }, n, m)
		}
	}
	return points
}

/** A metric of one column; metrics of drift come with their test. */
export function columnMetric(metric: ColumnMetric, view: ColumnView): MetricResult {
	const value = metric.measure(view)
	return metric.id.startsWith('drift.') && value.status === 'ok' ? { ...testOf(view), ...value } : value
}

/** The test of a column's drift, the rows that it counts, and what is compared of an identifier. */
function testOf(view: ColumnView): Partial<MetricResult> {
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

// -- outcomes -----------------------------------------------------------------------------------------------

type StoredMetric = OutcomeMetric | EstimateMetric | ConceptMetric | AttributeMetric | GroupMetric

/**
 * The points of an outcome record: the window's own first, then attribute by attribute with its groups. Groups of fewer
 * than `minRows` rows are left out.
 */
export function outcomePoints(
	stored: InSeries<OutcomeRecord>,
	metrics: readonly MetricDescriptor[],
	group: string | undefined,
	minRows = 0,
): MetricPoint[] {
	const { record } = stored
	const common = commonOf(stored)
	const points: MetricPoint[] = []
	const add: AddOutcome = (metric, value, group) =>
		points.push(outcomePoint(record, common, metric, value, group, minRows))
	if (group === undefined)
		for (const metric of metrics) {
			if (metric.subject !== 'outcome' && metric.subject !== 'estimate' && metric.subject !== 'concept')
				continue
			const value = record.result.values.get(metric.id)
			if (value) add(metric, value)
		}
	for (const [attribute, result] of record.result.attributes)
		addAttribute(add, record, metrics, { attribute, result }, group, minRows)
	return points
}

type AddOutcome = (metric: StoredMetric, value: MetricValue, group?: string) => void

function addAttribute(
	add: AddOutcome,
	{ result: { favourable } }: OutcomeRecord,
	metrics: readonly MetricDescriptor[],
	{ attribute, result }: { attribute: string; result: AttributeResult },
	group: string | undefined,
	minRows: number,
): void {
	const isWanted = group === undefined || group === attribute
	for (const metric of metrics) {
		if (metric.subject !== 'attribute' || !isWanted) continue
		const value = result.values.get(metric.id)
		if (value) add(metric, value, attribute)
	}
	const groupMetrics = metrics.filter((m) => m.subject === 'group')
	if (groupMetrics.length === 0) return
	const whole = wholeOf(result)
	for (const groupValue of result.groups.keys()) {
		const name = groupName(attribute, groupValue)
		if (!isWanted && group !== name) continue
		const { own, rest } = groupAndRest(result, groupValue, whole)
		if (own.n < minRows) continue
		for (const metric of groupMetrics) add(metric, groupMeasure(metric, { own, rest }, favourable), name)
	}
}

/** `SEX=2`; for an intersection `SEX=2 x MARRIAGE=1`. */
export function groupName(attribute: string, value: string): string {
	const [attributes, values] = [attribute.split(' x '), value.split(' x ')]
	if (attributes.length !== values.length) return `${attribute}=${value}`
	return attributes.map((a, i) => `${a}=${values[i]}`).join(' x ')
}

function outcomePoint(
	record: OutcomeRecord,
	common: Common,
	metric: StoredMetric,
	value: MetricValue,
	group: string | undefined,
	minRows: number,
): MetricPoint {
	const { reason = null, trust } = value
	const own = {
		...value,
		metric: metric.id,
		status: statusOf(value),
		m: 0,
		method: metric.method,
		reason: minRows > 0 ? withoutSmallGroups(reason) : reason,
		baseline: metric.subject === 'estimate' ? record.baseline : null,
		provisional: isProvisional(record, metric),
	}
	return toPoint(common, group === undefined ? {} : { group }, own, {
		...(record.change === null ? {} : { change: record.change }),
		...(trust ? { trust } : {}),
		...realisedOf(record, metric, value),
	})
}

/** What rests on outcomes is not final while enough of them can still come. */
export const isProvisional = (record: OutcomeRecord, metric: MetricDescriptor): boolean =>
	record.provisional || ('on' in metric && metric.on === 'outcomes' && record.matureAt !== null)

/** How an estimate turned out, once the window's outcomes are known. */
function realisedOf(
	record: OutcomeRecord,
	metric: StoredMetric,
	{ value: estimate, low, high }: MetricValue,
): Pick<MetricPoint, 'realised'> {
	if (metric.subject !== 'estimate' || record.provisional || record.matureAt !== null) return {}
	const value = record.result.values.get(metric.of)?.value ?? Number.NaN
	if (!Number.isFinite(value) || !Number.isFinite(estimate)) return {}
	return { realised: { value, error: estimate - value, inside: value >= low && value <= high } }
}

// -- attributions -------------------------------------------------------------------------------------------

/** The points of an attribution record: the window's own first, then feature by feature. */
export function attributionPoints(
	stored: InSeries<AttributionRecord>,
	metrics: readonly MetricDescriptor[],
	feature: string | undefined,
): MetricPoint[] {
	const { result, baseline, provisional } = stored.record
	const common = commonOf(stored)
	const points: MetricPoint[] = []
	const add = (values: ReadonlyMap<string, MetricValue>, subject: { feature?: string }) => {
		for (const metric of metrics) {
			if (metric.subject !== 'attribution') continue
			const value = values.get(metric.id)
			if (!value) continue
			const own = { metric: metric.id, status: statusOf(value), method: metric.method }
			const { reason = null } = value
			points.push(
				toPoint(common, subject, { ...value, ...own, m: result.reference, reason, baseline, provisional }),
			)
		}
	}
	if (feature === undefined) add(result.values, {})
	for (const [name, values] of result.features)
		if (feature === undefined || feature === name) add(values, { feature: name })
	return points
}
