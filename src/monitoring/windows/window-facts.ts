import type { Context } from '../../context.ts'
import type { SeriesRef } from '../../core/series.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { columnViews } from '../../metrics/compare.ts'
import type { ColumnView, GroupMetric } from '../../metrics/descriptor.ts'
import { groupMeasure } from '../../metrics/fairness.ts'
import { type MetricDescriptor, metrics } from '../../metrics/index.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import { type AttributeResult, groupAndRest, wholeOf } from '../../metrics/outcome-result.ts'
import type { Reference } from '../../metrics/reference.ts'
import { referenceByDigest } from '../../registry/baseline/current-reference.ts'
import { metricOf } from '../../rules/available.ts'
import type { FactTable, factParts, Subject, SubjectFacts, WindowSeries } from '../../rules/facts.ts'
import { total } from '../../stats/counts.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { groupCounts } from '../../summaries/outcomes/outcome-summary.ts'
import { columnMetric, groupName, isProvisional } from './record-points.ts'
import {
	type AttributionRecord,
	attributionRecords,
	currentRecords,
	type InputRecord,
	inputRecords,
	type OutcomeRecord,
	outcomeRecords,
	sizeOf,
} from './records.ts'

export type ChangedWindow = SeriesRef & { window: WindowSize; from: number; sequence: number }

/** Windows whose results changed after `since` (a sequence number), by the time they begin. */
export async function changedWindows(context: Context, query: { since: number }): Promise<ChangedWindow[]> {
	const rows = await context.sql.all<Omit<ChangedWindow, 'window'> & { hours: number }>({
		sql: `SELECT c.sequence AS sequence, c.hours AS hours, c.from_ms AS "from", s.model AS model, s.version AS version,
			s.environment AS environment FROM metric_change c JOIN log_series s ON s.id = c.series
			WHERE c.sequence > ? ORDER BY c.from_ms, c.hours, c.sequence`,
		params: [query.since],
	})
	return rows.map(({ hours, ...changed }) => ({ ...changed, window: sizeOf(hours) }))
}

/** Windows of one series and size; `froms`: when they begin. */
export type FactQuery = WindowSeries & { froms: readonly number[] }

/** All that was computed of some windows, by subject; the first subject is the window as a whole. */
export async function readFacts(
	context: Context,
	{ model, version, environment, window, froms }: FactQuery,
): Promise<FactTable[]> {
	const series = (await context.log.series(model))
		.filter((s) => s.version === version && s.environment === environment)
		.sort((a, b) => (a.segment < b.segment ? -1 : 1))
	const ids = series.map((s) => s.id)
	const inputs = await currentRecords(context, inputRecords, ids, window, froms)
	const outcomes = await currentRecords(context, outcomeRecords, ids, window, froms)
	const attributions = await currentRecords(context, attributionRecords, ids, window, froms)
	const tables: FactTable[] = []
	for (const from of froms) {
		const to = from + windowMs[window]
		const subjects: SubjectFacts[] = []
		for (const own of series) {
			const { id } = own
			const stored: StoredWindow = {
				series: own,
				input: await withReference(context, own, inputs.get(from)?.get(id)),
				outcome: outcomes.get(from)?.get(id),
				attribution: attributions.get(from)?.get(id),
			}
			subjects.push(...subjectFacts(stored, to))
		}
		tables.push({ from, to, closed: to <= context.now(), subjects })
	}
	return tables
}

const withReference = async (context: Context, { model, version }: Series, record: InputRecord | undefined) =>
	record && { record, reference: await referenceByDigest(context, model, version, record.baseline) }

/** What is stored of one series in one window. */
export type StoredWindow = {
	series: Series
	input?: { record: InputRecord; reference: Reference } | undefined
	outcome?: OutcomeRecord | undefined
	attribution?: AttributionRecord | undefined
}

type Part = keyof typeof factParts
type Measured = { status?: string; value: number | null; trust?: string } & Partial<Record<Part, number>>
/** The value of a metric for a subject; undefined where it has none. */
type Source = (metric: MetricDescriptor) => Measured | undefined

/** Facts of one subject, computed on first use: rules use few of them. */
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

/** A doubtful estimate is no fact. */
function factOf(measured: Measured, part: Part | undefined): number | undefined {
	const { status = 'ok', value, trust } = measured
	if (status !== 'ok' || !isKnown(value) || trust === 'doubtful') return undefined
	const fact = part === undefined ? value : measured[part]
	return isKnown(fact) ? fact : undefined
}

const isKnown = (x: number | null | undefined): x is number => typeof x === 'number' && Number.isFinite(x)

/** The facts of one series, by subject. `until`: the end of the window, or now. */
export function subjectFacts(stored: StoredWindow, until: number): SubjectFacts[] {
	const subjects = new Subjects(stored.series)
	if (stored.input) addInputs(subjects, stored.input, until)
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

	/** `counted` is used where the subject is new. */
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

function addInputs(
	subjects: Subjects,
	{ record, reference }: NonNullable<StoredWindow['input']>,
	until: number,
): void {
	const { result, from, baseline } = record
	const ofWindow = { result, from, until: Math.max(until, from) }
	subjects.add({}, { n: result.rows, m: reference.rows }, (metric) =>
		metric.subject === 'model' ? metric.measure(ofWindow) : undefined,
	)
	for (const view of columnViews(reference, result, baseline !== null))
		subjects.add({ feature: view.reference.bins.name }, countedOf(view), (metric) =>
			metric.subject === 'feature' ? columnMetric(metric, view) : undefined,
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

/** Values that are not final yet are unknown facts. */
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
		// Alerts do not name small groups.
		for (const [value, counts] of stored.groups)
			if ((counts[ofRows] ?? 0) >= defaultMinGroup)
				add({ group: groupName(attribute, value) }, (metric) =>
					metric.subject === 'group' ? measure(metric, value, favourable) : undefined,
				)
	}
}

/** The value of the first metric that has one. */
function firstOf(source: (metric: MetricDescriptor) => MetricValue | undefined): MetricValue | undefined {
	for (const metric of metrics) {
		const value = source(metric)
		if (value) return value
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
