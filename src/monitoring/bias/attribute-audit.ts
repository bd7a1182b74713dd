import type { AttributeMetric } from '../../metrics/descriptor.ts'
import { disparityIn, fourFifthsOf } from '../../metrics/fairness.ts'
import { metrics } from '../../metrics/index.ts'
import { clarifyMetrics } from '../../stats/fairness/clarify.ts'
import type { Disparity, Excluded } from '../../stats/fairness/disparity.ts'
import { type AuditTable, auditTable } from '../../stats/fairness/four-fifths.ts'
import {
	type Favourable,
	type Group,
	type GroupCounts,
	inFavour,
	mergeCounts,
} from '../../stats/fairness/group-counts.ts'
import { groupRates } from '../../stats/fairness/rates.ts'
import { orNull, toEstimate } from '../numbers.ts'
import { groupName } from '../windows/record-points.ts'
import type { ValueCounts } from './group-sums.ts'
import {
	conditionalOn,
	restOf,
	rowsIn,
	type SegmentValues,
	type Strata,
	simpsonOf,
	strataOf,
} from './segment-strata.ts'

/** The groups of an attribute, and the same in each value of each declared segment. */
export type AttributeGroups = {
	attribute: string
	/** Rows of the period, including those without a group because the attribute was declared later. */
	predictions: number
	all: readonly ValueCounts[]
	segments: readonly SegmentValues[]
	/** The decision that counts as being selected; the positive one while nobody knows which is good for the person. */
	favourable: Favourable | undefined
}

/** The largest groups are listed, and as many named as excluded. */
const maxListed = 200

/** `counts` are by the favourable decision, `own` by the positive label. */
type NamedGroup = Group & { value: string; isKnown: boolean; own: GroupCounts }

/** The audit of one attribute. `q` of its disparities is filled in later, from the whole answer. */
export function auditAttribute({ attribute, predictions, all, segments, favourable }: AttributeGroups) {
	const favoured = (list: readonly ValueCounts[]) =>
		list.map((v) => ({ ...v, counts: inFavour(v.counts, favourable) }))
	const groups = favoured(all)
		.map(
			(v, i): NamedGroup => ({
				...v,
				own: (all[i] as ValueCounts).counts,
				group: groupName(attribute, v.value),
			}),
		)
		.sort((a, b) => b.counts.n - a.counts.n || (a.group < b.group ? -1 : 1))
	const known = groups.filter((g) => g.isKnown)
	const byLabel = known.map(({ group, own }) => ({ group, counts: own }))
	const strata = segments.map(({ segment, values }) =>
		strataOf({ segment, values: values.map(favoured) }, favoured(all)),
	)
	const unknown = groups.filter((g) => !g.isKnown).map(({ group }) => group)
	const table = auditTable(groups, { unknown })
	const counted = mergeCounts(groups.map(({ counts }) => counts))
	const reason = known.length > 0 ? null : whyNone(predictions, attribute)
	return {
		attribute,
		status: reason === null ? ('ok' as const) : ('insufficient' as const),
		reason,
		rows: {
			total: predictions,
			withoutGroup: Math.max(0, predictions - rowsIn(known)),
			withoutDecision: counted.n - counted.decided,
			withoutOutcome: counted.n - counted.labelled,
		},
		groups: groups.slice(0, maxListed).map((group) => describeGroup(group, counted, strata)),
		unlisted: Math.max(0, groups.length - maxListed),
		audit: toTable(table),
		fourFifths: toFourFifths(byLabel, favourable),
		disparities: disparitiesOf(byLabel.slice(0, maxListed), favourable),
		simpson: strata.map((segment) => simpsonOf(table, known, segment)),
	}
}

export type AttributeAudit = ReturnType<typeof auditAttribute>

const whyNone = (predictions: number, attribute: string) =>
	predictions === 0
		? 'there are no predictions in the period'
		: `no row has a known group of ${attribute}: send it as a feature, or in the groups of the model`

function describeGroup(
	{ group, value, isKnown, counts, own }: NamedGroup,
	counted: GroupCounts,
	strata: Strata[],
) {
	const { n, decided, labelled, positives, tp, fp, tn, fn } = own
	const { selected } = counts
	const { selectionRate } = groupRates(counts)
	const rest = restOf(counted, counts)
	return {
		group,
		isKnown,
		counts: { n, decided, selected, labelled, positives, tp, fp, tn, fn },
		rates: mapValues({ ...groupRates(own), selectionRate }, toEstimate),
		clarify: mapValues(clarifyMetrics, (of) => toClarify(of(counts, rest))),
		conditional: strata.map((segment) => conditionalOn(segment, value)),
	}
}

type ClarifyValue = number | 'Infinity' | '-Infinity' | null

const toClarify = (x: number): ClarifyValue =>
	Number.isFinite(x) ? x : Number.isNaN(x) ? null : x > 0 ? 'Infinity' : '-Infinity'

const toTable = ({ rows, unknown, excluded }: AuditTable) => ({
	rows: rows.map((row) => ({
		...row,
		selectionRate: orNull(row.selectionRate),
		impactRatio: toEstimate(row.impactRatio),
	})),
	unknown,
	excluded: excluded.slice(0, maxListed),
})

const mapValues = <K extends string, V, T>(record: Record<K, V>, of: (value: V) => T): Record<K, T> =>
	Object.fromEntries(Object.entries<V>(record).map(([name, value]) => [name, of(value)])) as Record<K, T>

/** The verdict of the four-fifths rule; `value` and `groups` are its ratio and its two groups under their older names. */
export function toFourFifths(known: readonly Group[], favourable: Favourable | undefined) {
	const { ratio, low, high, verdict, reason, reference, group } = fourFifthsOf(known, favourable)
	const estimate = toEstimate({ value: ratio, low, high })
	const groups = reference === null || group === null ? [] : [reference, group]
	return { verdict, reason, ratio: estimate.value, ...estimate, reference, group, groups }
}

const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

/** Comparing is quadratic in groups, so only the largest are compared. */
const maxCompared = 50

/** Every disparity metric over the known groups, largest first. `q` is filled in later, from the whole answer. */
export function disparitiesOf(known: readonly Group[], favourable: Favourable | undefined) {
	const leftOut: Excluded[] = known.slice(maxCompared).map(({ group, counts: { n } }) => ({
		group,
		n,
		reason: `beyond the ${maxCompared} largest groups`,
	}))
	return attributeMetrics.map((metric) =>
		toDisparity(metric, disparityIn(metric, known.slice(0, maxCompared), favourable), leftOut),
	)
}

function toDisparity({ id, method }: AttributeMetric, disparity: Disparity, leftOut: readonly Excluded[]) {
	const { value, low, high } = toEstimate(disparity)
	return {
		metric: id,
		status: value === null ? ('insufficient' as const) : ('ok' as const),
		value,
		low,
		high,
		p: orNull(disparity.p),
		q: null as number | null,
		groups: [...disparity.groups] as string[],
		excluded: [...disparity.excluded, ...leftOut],
		method,
		reason: disparity.reason ?? disparity.note ?? null,
	}
}
