import { total } from '../../stats/counts.ts'
import { cddl, cddpl, type FacetSegment } from '../../stats/fairness/clarify.ts'
import type { AuditTable } from '../../stats/fairness/four-fifths.ts'
import { emptyCounts, type Group, type GroupCounts, mergeCounts } from '../../stats/fairness/group-counts.ts'
import { rateShares } from '../../stats/fairness/rates.ts'
import { simpson, type TwoGroups } from '../../stats/fairness/simpson.ts'
import { orNull, toEstimate } from '../numbers.ts'
import type { ValueCounts } from './group-sums.ts'

/** A declared segment: the groups of an attribute in each of its values. */
export type SegmentValues = { segment: string; values: readonly (readonly ValueCounts[])[] }

/** Counts of the groups in one stratum, by their value, and of all its rows. */
type Stratum = { groups: Map<string, GroupCounts>; all: GroupCounts }

/** A segment as strata: one for each value, and one of the `rowsWithout` rows that have none. */
export type Strata = { segment: string; strata: Stratum[]; rowsWithout: number }

const stratum = (groups: Map<string, GroupCounts>): Stratum => ({
	groups,
	all: mergeCounts([...groups.values()]),
})

export function strataOf({ segment, values }: SegmentValues, all: readonly ValueCounts[]): Strata {
	const strata = values.map((part) => stratum(new Map(part.map(({ value, counts }) => [value, counts]))))
	const rest = stratum(
		new Map(
			all.map(({ value, counts }) => {
				const parts = strata.flatMap(({ groups }) => groups.get(value) ?? [])
				return [value, less(counts, mergeCounts(parts))]
			}),
		),
	)
	return { segment, strata: [...strata, rest], rowsWithout: rest.all.n }
}

/** Counts minus a part of them. Never negative, even if rows arrive while the sums are read. */
function less(counts: GroupCounts, part: GroupCounts): GroupCounts {
	const rest = emptyCounts()
	for (const name of ['n', 'decided', 'selected', 'labelled', 'positives'] as const)
		rest[name] = Math.max(0, counts[name] - part[name])
	rest.selected = Math.min(rest.selected, rest.decided)
	rest.positives = Math.min(rest.positives, rest.labelled)
	return rest
}

/** All rows outside the group: what Clarify compares a facet with. */
export function restOf(all: GroupCounts, own: GroupCounts): GroupCounts {
	const rest = emptyCounts()
	for (const name of ['n', 'decided', 'selected', 'labelled', 'positives', 'tp', 'fp', 'tn', 'fn'] as const)
		rest[name] = all[name] - own[name]
	return rest
}

/** Clarify's disparities of a group conditional on a segment. */
export function conditionalOn({ segment, strata }: Strata, value: string) {
	const facets: FacetSegment[] = strata.map(({ groups, all }) => {
		const facet = groups.get(value) ?? emptyCounts()
		return { facet, rest: restOf(all, facet) }
	})
	return { segment, cddl: orNull(cddl(facets)), cddpl: orNull(cddpl(facets)) }
}

/** Simpson's check of the most and the least selected group of the table: over all rows, and within the segment. */
export function simpsonOf(
	{ rows }: AuditTable,
	known: readonly (Group & { value: string })[],
	{ segment, strata, rowsWithout }: Strata,
) {
	const ranked = [...rows].sort((a, b) => b.selectionRate - a.selectionRate)
	const [highest, lowest] = [ranked[0], ranked.at(-1)].map((row) => known.find((g) => g.group === row?.group))
	if (!highest || !lowest || highest === lowest)
		return { ...none, segment, reason: 'fewer than two groups are in the audit table', rowsWithout }
	const pair = (of: (group: Group & { value: string }) => GroupCounts | undefined): TwoGroups => ({
		a: rateShares.selectionRate(of(highest) ?? emptyCounts()),
		b: rateShares.selectionRate(of(lowest) ?? emptyCounts()),
	})
	const found = simpson(
		pair(({ counts }) => counts),
		strata.map(({ groups }) => pair(({ value }) => groups.get(value))),
	)
	return {
		segment,
		verdict: found.verdict,
		reason: found.reason,
		groups: [highest.group, lowest.group],
		overall: toEstimate(found.overall),
		within: toEstimate(found.within),
		strata: found.segments,
		rowsWithout,
	}
}

const nothing = { value: null, low: null, high: null }
const none = {
	verdict: 'none' as const,
	groups: [] as string[],
	overall: nothing,
	within: nothing,
	strata: 0,
}

/** Rows of the groups together. */
export const rowsIn = (groups: readonly { counts: GroupCounts }[]): number =>
	total(groups.map(({ counts }) => counts.n))
