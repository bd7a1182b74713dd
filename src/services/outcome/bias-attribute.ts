import { clarifyMetrics } from '../../stats/fairness/clarify.ts'
import { type AuditTable, auditTable } from '../../stats/fairness/four-fifths.ts'
import { type Group, type GroupCounts, mergeCounts } from '../../stats/fairness/group-counts.ts'
import { groupRates } from '../../stats/fairness/rates.ts'
import { orNull, toEstimate } from './audit-numbers.ts'
import { disparitiesOf, fourFifthsOf } from './bias-disparities.ts'
import {
	conditionalOn,
	restOf,
	rowsIn,
	type SegmentValues,
	type Strata,
	simpsonOf,
	strataOf,
} from './bias-segments.ts'
import { groupName } from './measure-outcomes.ts'
import type { ValueCounts } from './sum-groups.ts'

/** The groups of an attribute, and the same in each value of each declared segment. */
export type AttributeGroups = {
	attribute: string
	/** Rows of the period, also those that count in no group, since the attribute was not declared when they came. */
	predictions: number
	all: readonly ValueCounts[]
	segments: readonly SegmentValues[]
}

/** More groups than these are not listed, and more than these not named as excluded. */
const mostListed = 200

type NamedGroup = Group & { value: string; isKnown: boolean }

/** What the audit says of one attribute. `q` of its disparities is filled in later, from the whole answer. */
export function auditAttribute({ attribute, predictions, all, segments }: AttributeGroups) {
	const groups = all
		.map((own): NamedGroup => ({ ...own, group: groupName(attribute, own.value) }))
		.sort((a, b) => b.counts.n - a.counts.n || (a.group < b.group ? -1 : 1))
	const known = groups.filter((g) => g.isKnown)
	const strata = segments.map((segment) => strataOf(segment, all))
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
		groups: groups.slice(0, mostListed).map((group) => describeGroup(group, counted, strata)),
		unlisted: Math.max(0, groups.length - mostListed),
		audit: toTable(table),
		fourFifths: fourFifthsOf(known, table),
		disparities: disparitiesOf(known.slice(0, mostListed)),
		simpson: strata.map((segment) => simpsonOf(table, known, segment)),
	}
}

export type AttributeAudit = ReturnType<typeof auditAttribute>

const whyNone = (predictions: number, attribute: string) =>
	predictions === 0
		? 'there are no predictions in the period'
		: `no row has a known group of ${attribute}: send it with the features, or by POST .../groups`

function describeGroup(
	{ group, value, isKnown, counts }: NamedGroup,
	counted: GroupCounts,
	strata: Strata[],
) {
	const { n, decided, selected, labelled, positives, tp, fp, tn, fn } = counts
	const rest = restOf(counted, counts)
	return {
		group,
		isKnown,
		counts: { n, decided, selected, labelled, positives, tp, fp, tn, fn },
		rates: mapValues(groupRates(counts), toEstimate),
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
	excluded: excluded.slice(0, mostListed),
})

const mapValues = <K extends string, V, T>(record: Record<K, V>, of: (value: V) => T): Record<K, T> =>
	Object.fromEntries(Object.entries<V>(record).map(([name, value]) => [name, of(value)])) as Record<K, T>
