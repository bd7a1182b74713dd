import { normalUpperQuantile, z95 } from '../distributions.ts'
import { undefinedEstimate } from '../estimate.ts'
import { type GroupShare, type RateName, rateRows } from './rates.ts'
import type { Interval } from './shares.ts'

/** A group left out of a comparison: it has too few of the rows that the rate is a share of. */
export type Excluded = { group: string; n: number; reason: string }

/**
 * A difference between groups: the value with a 95% interval, p of the hypothesis that all groups are equal, the two groups
 * that decide the value (the one with the highest figure first; none when it is not defined), and the groups left out.
 * `reason`: why the value is NaN.
 */
export type Disparity = Interval & {
	value: number
	p: number
	groups: [highest: string, lowest: string] | []
	excluded: Excluded[]
	reason?: string
	/** A remark on a defined value. */
	note?: string
}

export type DisparityOptions = {
	/** Groups with fewer of the rows in question are left out; 30 by default, and never fewer than 1. */
	minGroup?: number
}

export const defaultMinGroup = 30

/** Splits groups into those with enough rows and the others, with the reason. `rows` names the rows that n counts. */
export function enough<G extends { group: string; n: number }>(
	groups: readonly G[],
	rows: string,
	{ minGroup = defaultMinGroup }: DisparityOptions = {},
): { included: G[]; excluded: Excluded[] } {
	const min = Math.max(1, minGroup)
	const excluded = groups
		.filter(({ n }) => !(n >= min))
		.map(({ group, n }) => ({ group, n, reason: `${n} ${rows}, fewer than ${min}` }))
	return { included: groups.filter(({ n }) => n >= min), excluded }
}

export const enoughShares = (shares: readonly GroupShare[], rate: RateName, options?: DisparityOptions) =>
	enough(shares, rateRows[rate], options)

export const undefinedDisparity = (excluded: Excluded[], reason: string): Disparity => ({
	...undefinedEstimate,
	p: Number.NaN,
	groups: [],
	excluded,
	reason,
})

export const fewerThanTwo = (excluded: Excluded[]): Disparity =>
	undefinedDisparity(excluded, 'fewer than two groups have enough rows')

/**
 * z of the end of an interval that has to hold for the largest of so many two-sided comparisons at once (Bonferroni),
 * `alpha` in all.
 */
export const simultaneousZ = (comparisons: number, alpha = 0.05): number =>
	comparisons === 1 && alpha === 0.05 ? z95 : normalUpperQuantile(alpha / (2 * comparisons))

/** The members with the highest and the lowest figure; the first of equals. */
export function extremes<G>(members: readonly G[], figure: (member: G) => number): { top: G; bottom: G } {
	const [first] = members
	if (first === undefined) throw new RangeError('extremes need at least one group')
	let top: G = first
	let bottom: G = first
	for (const member of members) {
		if (figure(member) > figure(top)) top = member
		if (figure(member) < figure(bottom)) bottom = member
	}
	return { top, bottom }
}

type Range<G> = Interval & { value: number; top: G; bottom: G }

/**
 * The largest difference between any two of at least two groups, with an interval that allows for the choice of the two.
 * `difference` returns the interval of one group less another, at z.
 *
 * High: whichever two groups truly lie furthest apart, their own end is beyond the truth in 97.5% of samples, and the
 * largest of all pairs' ends is no smaller: no correction is needed. Low: any pair's may be above the truth by chance,
 * so all pairs share the error (Bonferroni). For two groups this is the plain interval, folded at 0.
 */
export function largestDifference<G>(
	groups: readonly G[],
	figure: (group: G) => number,
	difference: (a: G, b: G, z: number) => Interval,
	alpha = 0.05,
): Range<G> {
	const { top, bottom } = extremes(groups, figure)
	const pairs = (groups.length * (groups.length - 1)) / 2
	const [lowZ, highZ] = [simultaneousZ(pairs, alpha), simultaneousZ(1)]
	let [low, high] = [0, 0]
	for (const a of groups)
		for (const b of groups) {
			if (a === b) continue
			low = Math.max(low, difference(a, b, lowZ).low)
			high = Math.max(high, difference(a, b, highZ).high)
		}
	return { value: figure(top) - figure(bottom), low, high, top, bottom }
}
