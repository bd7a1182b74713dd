import type { Context } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { dayMs } from '../../core/time.ts'
import { countsOf } from '../../metrics/outcome-result.ts'
import type { GroupCounts } from '../../stats/fairness/group-counts.ts'
import { missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import { GroupSummary } from '../../summaries/outcomes/outcome-summary.ts'
import type { Attribute } from './audit-scope.ts'

/** The part of outcome summaries that audits use, over any period. */
export type GroupSums = {
	predictions: number
	labelled: number
	never: number
	unusable: number
	groups: Map<string, Map<string, GroupSummary>>
}

const wholes = ['predictions', 'labelled', 'never', 'unusable'] as const

/** Exact sums over the hours of [from, to), read a day at a time to bound memory. */
export async function sumGroups(
	context: Context,
	series: number | undefined,
	from: number,
	to: number,
): Promise<GroupSums> {
	const sums: GroupSums = { predictions: 0, labelled: 0, never: 0, unusable: 0, groups: new Map() }
	for (let at = from; series !== undefined && at < to; ) {
		const until = Math.min(to, (Math.floor(at / dayMs) + 1) * dayMs)
		const day = await context.log.outcomes(series, at, until)
		at = until
		if (!day) continue
		for (const name of wholes) sums[name] += day[name]
		for (const [attribute, values] of day.groups) {
			const own = getOrInsert(sums.groups, attribute, () => new Map())
			for (const [value, outcomeSummary] of values) mergeInto(own, value, outcomeSummary)
		}
	}
	return sums
}

function mergeInto(groups: Map<string, GroupSummary>, value: string, outcomeSummary: GroupSummary): void {
	getOrInsert(groups, value, () => new GroupSummary()).merge(outcomeSummary)
}

/** One group of an attribute; `isKnown` is false where a value is missing. */
export type ValueCounts = { value: string; isKnown: boolean; counts: GroupCounts }

/** The groups of an attribute that have rows, in the order of their values. */
export function groupsOf(sums: GroupSums, attribute: Attribute): ValueCounts[] {
	const outcomeSummaries =
		attribute.of.length === 1 ? sums.groups.get(attribute.name) : pairsOf(sums, attribute.of)
	return [...(outcomeSummaries ?? [])]
		.filter(([, outcomeSummary]) => outcomeSummary.get('n') > 0)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([value, outcomeSummary]) => ({
			value,
			isKnown: !(attribute.of.length === 1 ? [value] : splitPair(sums, attribute.of, value)).includes(
				missingGroup,
			),
			counts: countsOf(outcomeSummary),
		}))
}

/** The groups of two attributes, also of rows logged while the model declared the two in the other order. */
function pairsOf(sums: GroupSums, [a, b]: readonly [string, string]): Map<string, GroupSummary> {
	const groups = new Map<string, GroupSummary>()
	for (const [value, outcomeSummary] of sums.groups.get(`${a} x ${b}`) ?? [])
		mergeInto(groups, value, outcomeSummary)
	for (const [value, outcomeSummary] of sums.groups.get(`${b} x ${a}`) ?? []) {
		const [ofB, ofA] = splitPair(sums, [b, a], value)
		mergeInto(groups, `${ofA} x ${ofB}`, outcomeSummary)
	}
	return groups
}

/** Splits the value of a pair where both parts are groups of their attributes: a value may itself contain ` x `. */
function splitPair(sums: GroupSums, [a, b]: readonly [string, string], value: string): [string, string] {
	const parts = value.split(' x ')
	const cuts = parts
		.slice(1)
		.map((_, i): [string, string] => [parts.slice(0, i + 1).join(' x '), parts.slice(i + 1).join(' x ')])
	const isGroup = (attribute: string, part: string) => sums.groups.get(attribute)?.has(part)
	return cuts.find(([x, y]) => isGroup(a, x) && isGroup(b, y)) ?? cuts[0] ?? [value, '']
}
