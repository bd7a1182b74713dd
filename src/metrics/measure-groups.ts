import { total } from '../stats/counts.ts'
import { clarifyMetrics } from '../stats/fairness/clarify.ts'
import type { Disparity, DisparityOptions } from '../stats/fairness/disparity.ts'
import { type FourFifths, fourFifthsRule } from '../stats/fairness/four-fifths.ts'
import { type Favourable, type Group, type GroupCounts, inFavour } from '../stats/fairness/group-counts.ts'
import { groupRates, type RateName, rateRows, rateShares } from '../stats/fairness/rates.ts'
import { missingGroup } from '../summaries/outcomes/make-join-index.ts'
import type { AttributeMetric, GroupMetric } from './descriptor.ts'
import { type MetricValue, notEnoughData, ok } from './metric-value.ts'

export function rateMeasure(counts: GroupCounts, rate: RateName): MetricValue {
	const { n } = rateShares[rate](counts)
	return ok(groupRates(counts)[rate], n, `no ${rateRows[rate]}`)
}

/** Counts as a metric takes them: by the positive label, or by the favourable decision where it is known. */
const countedBy = ({ by }: AttributeMetric | GroupMetric, counts: GroupCounts, favourable?: Favourable) =>
	by === 'favourable' ? inFavour(counts, favourable) : counts

const favouredGroups = (groups: readonly Group[], favourable: Favourable | undefined): readonly Group[] =>
	favourable === 'negative'
		? groups.map(({ group, counts }) => ({ group, counts: inFavour(counts, favourable) }))
		: groups

/** A metric of one group. */
export const groupMeasure = (
	metric: GroupMetric,
	{ own, rest }: { own: GroupCounts; rest: GroupCounts },
	favourable: Favourable | undefined,
): MetricValue => metric.measure(countedBy(metric, own, favourable), countedBy(metric, rest, favourable))

/** The groups whose rows are known to be of them: a missing value is compared, but has no part in a verdict. */
export const knownGroups = (groups: readonly Group[]): Group[] =>
	groups.filter(({ group }) => !group.split(' x ').includes(missingGroup))

/** The verdict of the four-fifths rule on an attribute: the same at every door. */
export const fourFifthsOf = (
	groups: readonly Group[],
	favourable: Favourable | undefined,
	options?: DisparityOptions,
): FourFifths => fourFifthsRule(favourable && knownGroups(favouredGroups(groups, favourable)), options).rule

/** A metric of all groups of an attribute. */
export const disparityIn = (
	metric: AttributeMetric,
	groups: readonly Group[],
	favourable: Favourable | undefined,
	options?: DisparityOptions,
): Disparity =>
	metric.needsFavourable && favourable === undefined
		? fourFifthsRule(undefined).disparity
		: metric.disparity(metric.by ? favouredGroups(groups, favourable) : groups, options)

/** The same as it is stored, and the two groups that decide it. */
export function attributeMeasure(
	metric: AttributeMetric,
	groups: readonly Group[],
	favourable: Favourable | undefined,
	options?: DisparityOptions,
): MetricValue & { groups: readonly string[] } {
	const disparity = disparityIn(metric, groups, favourable, options)
	return { ...findingOf(groups, disparity), groups: disparity.groups }
}

/** A disparity, with the two groups that decide it and those that were left out. */
function findingOf(groups: readonly Group[], disparity: Disparity): MetricValue {
	const n = total(groups.map(({ counts }) => counts.n))
	const left = disparity.excluded
	const leftOut =
		left.length === 0
			? undefined
			: `${leftOutSign}${left
					.slice(0, 5)
					.map(({ group, reason }) => `${group} (${reason})`)
					.join(', ')}${left.length > 5 ? ` and ${left.length - 5} more` : ''}`
	if (!Number.isFinite(disparity.value))
		return { ...notEnoughData(n, [disparity.reason, leftOut].filter(Boolean).join('; ')), p: disparity.p }
	const [top, bottom] = disparity.groups
	const between = top === undefined ? undefined : `between ${top} and ${bottom}`
	const reason = [disparity.note ?? between, leftOut].filter(Boolean).join('; ')
	return { ...ok(disparity, n), ...(reason === '' ? {} : { reason }) }
}

const leftOutSign = 'left out: '

/** A reason in two parts: what it says, and the groups that were left out. */
export function splitLeftOut(reason: string | null): { said: string; leftOut: string } {
	const at = (reason ?? '').indexOf(leftOutSign)
	if (reason === null || at === -1) return { said: reason ?? '', leftOut: '' }
	return { said: reason.slice(0, at).replace(/; $/, ''), leftOut: reason.slice(at + leftOutSign.length) }
}

/** A reason for those who may not see which groups are small. */
export function withoutSmallGroups(reason: string | null): string | null {
	const { said, leftOut } = splitLeftOut(reason)
	if (leftOut === '') return reason
	return [said, `${leftOutSign}groups of too few rows`].filter((part) => part !== '').join('; ')
}

export function clarifyMeasure(
	name: keyof typeof clarifyMetrics,
	own: GroupCounts,
	rest: GroupCounts,
): MetricValue {
	const value = clarifyMetrics[name](own, rest)
	const bare = { value, low: Number.NaN, high: Number.NaN }
	return ok(
		bare,
		own.n + rest.n,
		value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? `${value}` : undefined,
	)
}
