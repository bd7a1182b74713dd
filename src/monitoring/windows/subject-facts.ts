import type { Series } from '../../log/prediction-log.ts'
import { columnViews } from '../../metrics/compare.ts'
import type { ColumnView, GroupMetric } from '../../metrics/descriptor.ts'
import { groupMeasure } from '../../metrics/fairness.ts'
import { type MetricDescriptor, metrics } from '../../metrics/index.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import { type AttributeResult, groupAndRest, wholeOf } from '../../metrics/outcome-result.ts'
import type { Reference } from '../../metrics/reference.ts'
import { metricOf } from '../../rules/available.ts'
import type { factParts, Subject, SubjectFacts } from '../../rules/facts.ts'
import { total } from '../../stats/counts.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { groupCounts } from '../../summaries/outcomes/outcome-summary.ts'
import type { AttributionRecord } from './attributions/records.ts'
import { measureColumn } from './measure-record.ts'
import { groupName, isProvisional } from './outcomes/measure-outcomes.ts'
import type { OutcomeRecord } from './outcomes/records.ts'
import type { MetricRecord } from './records.ts'

/** What is stored of one series in one window. */
export type StoredWindow = {
	series: Series
	record?: { record: MetricRecord; reference: Reference } | undefined
	outcome?: OutcomeRecord | undefined
	attribution?: AttributionRecord | undefined
}

type Part = keyof typeof factParts
type Measured = { status?: string; value: number | null; trust?: string } & Partial<Record<Part, number>>
/** What a metric says of a subject; undefined where it says nothing. */
type Source = (metric: MetricDescriptor) => Measured | undefined

/** Facts of one subject, each computed when it is first asked for: rules ask for few of all that could be. */
class Facts {
	readonly sources: Source[] = []
	private readonly known = new Map<string, number | undefined>()

	get(name: string): number | undefined {
		if (!this.known.has(name)) this.known.set(name, this.compute(name))
		return this.known.get(name)
	}

	private compute(name: string): number | undefined {
		const named = metricOf(name)
		if (!named) return undefined
		for (const source of this.sources) {
			const measured = source(named.metric)
			if (measured) return factOf(measured, named.part)
		}
		return undefined
	}
}

/** An estimate that cannot be believed is no fact. */
function factOf(measured: Measured, part: Part | undefined): number | undefined {
	const { status = 'ok', value, trust } = measured
	if (status !== 'ok' || !isKnown(value) || trust === 'doubtful') return undefined
	const fact = part === undefined ? value : measured[part]
	return isKnown(fact) ? fact : undefined
}

const isKnown = (x: number | null | undefined): x is number => typeof x === 'number' && Number.isFinite(x)

/** The facts of one series by what they are about. `until`: the end of the window, or now. */
export function subjectFacts(stored: StoredWindow, until: number): SubjectFacts[] {
	const subjects = new Subjects(stored.series)
	if (stored.record) addRecord(subjects, stored.record, until)
	if (stored.attribution) addAttributions(subjects, stored.attribution)
	if (stored.outcome) addOutcomes(subjects, stored.outcome)
	return subjects.list
}

type Counted = { n: number; m: number }

class Subjects {
	readonly list: (SubjectFacts & { facts: Facts })[] = []
	private readonly byName = new Map<string, Facts>()
	private readonly segment: Subject

	constructor({ segment, value }: Series) {
		this.segment = segment === '' ? {} : { segment: { name: segment, value } }
	}

	/** `counted` counts for a subject that is new. */
	add({ feature, group }: Subject, counted: Counted, source: Source): void {
		const name = feature === undefined ? (group === undefined ? '' : `g:${group}`) : `f:${feature}`
		let facts = this.byName.get(name)
		if (!facts) {
			facts = new Facts()
			this.byName.set(name, facts)
			const subject = {
				...(feature === undefined ? {} : { feature }),
				...this.segment,
				...(group === undefined ? {} : { group }),
			}
			this.list.push({ ...subject, facts, ...counted })
		}
		facts.sources.push(source)
	}
}

function addRecord(
	subjects: Subjects,
	{ record, reference }: NonNullable<StoredWindow['record']>,
	until: number,
): void {
	const { result, from, baseline } = record
	const ofWindow = { result, from, until: Math.max(until, from) }
	subjects.add({}, { n: result.rows, m: reference.rows }, (metric) =>
		metric.subject === 'model' ? metric.measure(ofWindow) : undefined,
	)
	for (const view of columnViews(reference, result, baseline !== null))
		subjects.add({ feature: view.reference.bins.name }, countedOf(view), (metric) =>
			metric.subject === 'feature' ? measureColumn(metric, view) : undefined,
		)
}

const countedOf = ({ result, reference }: ColumnView): Counted => ({
	n: total(result.groups),
	m: total(reference.groups),
})

function addAttributions(subjects: Subjects, { result }: AttributionRecord): void {
	const { values, features, reference: m } = result
	const add = (subject: Subject, of: ReadonlyMap<string, MetricValue>) => {
		const source = ({ id, subject: kind }: MetricDescriptor) =>
			kind === 'attribution' ? of.get(id) : undefined
		const first = firstOf(source)
		if (first) subjects.add(subject, { n: first.n, m }, source)
	}
	add({}, values)
	for (const [feature, of] of features) add({ feature }, of)
}

const ofRows = groupCounts.indexOf('n')
const kinds: readonly string[] = ['outcome', 'estimate', 'concept']

/** What is not mature is not judged: its facts are unknown. */
function addOutcomes(subjects: Subjects, record: OutcomeRecord): void {
	const { values, attributes, favourable } = record.result
	const add = (subject: Subject, source: (metric: MetricDescriptor) => MetricValue | undefined) => {
		const final: typeof source = (metric) => (isProvisional(record, metric) ? undefined : source(metric))
		const first = firstOf(final)
		if (first) subjects.add(subject, { n: first.n, m: 0 }, final)
	}
	add({}, ({ id, subject }) => (kinds.includes(subject) ? values.get(id) : undefined))
	for (const [attribute, stored] of attributes) {
		add({ group: attribute }, ({ id, subject }) =>
			subject === 'attribute' ? stored.values.get(id) : undefined,
		)
		const measure = groupsOf(stored)
		// Alerts name no group of too few rows.
		for (const [value, counts] of stored.groups)
			if ((counts[ofRows] ?? 0) >= defaultMinGroup)
				add({ group: groupName(attribute, value) }, (metric) =>
					metric.subject === 'group' ? measure(metric, value, favourable) : undefined,
				)
	}
}

/** The first of all metrics that has something to say. */
function firstOf(source: (metric: MetricDescriptor) => MetricValue | undefined): MetricValue | undefined {
	for (const metric of metrics) {
		const finding = source(metric)
		if (finding) return finding
	}
	return undefined
}

function groupsOf(stored: AttributeResult) {
	let whole: ReturnType<typeof wholeOf> | undefined
	return (
		metric: GroupMetric,
		value: string,
		favourable: OutcomeRecord['result']['favourable'],
	): MetricValue => {
		whole ??= wholeOf(stored)
		return groupMeasure(metric, groupAndRest(stored, value, whole), favourable)
	}
}
