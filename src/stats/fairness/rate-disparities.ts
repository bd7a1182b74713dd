import {
	type Disparity,
	type DisparityOptions,
	enoughShares,
	extremes,
	fewerThanTwo,
	largestDifference,
	simultaneousZ,
	undefinedDisparity,
} from './disparity.ts'
import type { Group } from './group-counts.ts'
import { type GroupShare, groupShares, type RateName } from './rates.ts'
import { equalSharesP, koopman, koopmanHigh, koopmanLow, newcombe } from './shares.ts'

const share = ({ successes, n }: GroupShare) => successes / n

/** The highest less the lowest rate of the groups with enough rows, by Newcombe's intervals of pairs. */
function rateDifference(
	groups: readonly Group[],
	rate: RateName,
	options?: DisparityOptions,
	alpha?: number,
): Disparity {
	const { included, excluded } = enoughShares(groupShares(groups, rate), rate, options)
	if (included.length < 2) return fewerThanTwo(excluded)
	const { value, low, high, top, bottom } = largestDifference(included, share, newcombe, alpha)
	return { value, low, high, p: equalSharesP(included), groups: [top.group, bottom.group], excluded }
}

type Difference = (groups: readonly Group[], options?: DisparityOptions) => Disparity

const differenceOf =
	(rate: RateName): Difference =>
	(groups, options) =>
		rateDifference(groups, rate, options)

/** Largest difference of selection rates, in [0, 1] (fairlearn demographic_parity_difference). */
export const demographicParityDifference: Difference = differenceOf('selectionRate')

/** Largest difference of true positive rates (fairlearn equal_opportunity_difference). */
export const equalOpportunityDifference: Difference = differenceOf('tpr')

/** Largest difference of precisions. */
export const predictiveParityDifference: Difference = differenceOf('precision')

/** Largest difference of false positive rates. */
export const fprDifference: Difference = differenceOf('fpr')

/** Largest difference of false negative rates. */
export const fnrDifference: Difference = differenceOf('fnr')

/**
 * The larger of the differences of true and of false positive rates (fairlearn equalized_odds_difference). The two are
 * shares of different rows, so p is that of the smaller of two independent tests (Sidak), and the low end is taken at
 * half the error each. `excluded` names a group once for each of the two rates that it has too few rows for.
 */
export function equalizedOddsDifference(groups: readonly Group[], options?: DisparityOptions): Disparity {
	const [tpr, fpr] = [
		rateDifference(groups, 'tpr', options, 0.025),
		rateDifference(groups, 'fpr', options, 0.025),
	]
	const excluded = [...tpr.excluded, ...fpr.excluded]
	if (Number.isNaN(tpr.value) || Number.isNaN(fpr.value)) return fewerThanTwo(excluded)
	const larger = tpr.value >= fpr.value ? tpr : fpr
	const p = Math.min(tpr.p, fpr.p)
	return {
		value: larger.value,
		low: Math.max(tpr.low, fpr.low),
		high: Math.max(tpr.high, fpr.high),
		p: Math.min(1, p * (2 - p)),
		groups: larger.groups,
		excluded,
	}
}

const nobody = 'no group was selected at all'

/**
 * The lowest selection rate as a share of the highest, in [0, 1] (fairlearn demographic_parity_ratio; the impact ratio
 * of the four-fifths rule). Koopman's intervals of pairs. The low end is the lowest of all pairs; the high end, which
 * the choice of the two can only push down, is shared over all pairs (Bonferroni; see largestDifference).
 */
export function demographicParityRatio(groups: readonly Group[], options?: DisparityOptions): Disparity {
	const { included, excluded } = enoughShares(groupShares(groups, 'selectionRate'), 'selectionRate', options)
	if (included.length < 2) return fewerThanTwo(excluded)
	const { top, bottom } = extremes(included, share)
	if (share(top) === 0) return { ...undefinedDisparity(excluded, nobody), p: 1 }
	const highZ = simultaneousZ((included.length * (included.length - 1)) / 2)
	let [low, high] = [1, 1]
	for (const a of included)
		for (const b of included) {
			if (a === b) continue
			low = Math.min(low, koopmanLow(a, b))
			high = Math.min(high, koopmanHigh(a, b, highZ))
		}
	return {
		value: share(bottom) / share(top),
		low,
		high,
		p: equalSharesP(included),
		groups: [top.group, bottom.group],
		excluded,
	}
}

/** One group's selection rate against the reference group's, with Koopman's 95% interval of that pair alone. */
export type GroupRatio = { group: string; value: number; low: number; high: number }

export type DisparateImpact = Disparity & { reference: string | null; ratios: GroupRatio[] }

/**
 * Disparate impact: the smallest selection rate of the other groups as a ratio to the reference group's, which is the
 * named one or else the largest (the first of equals). Above 1 when every other group is selected more often. `groups`
 * is the reference and the group with the smallest ratio. The high end is shared over the comparisons (Bonferroni).
 * A named reference that is missing or too small leaves the value NaN.
 */
export function disparateImpact(
	groups: readonly Group[],
	reference?: string,
	options?: DisparityOptions,
): DisparateImpact {
	const { included, excluded } = enoughShares(groupShares(groups, 'selectionRate'), 'selectionRate', options)
	const none = (why: Disparity): DisparateImpact => ({ ...why, reference: reference ?? null, ratios: [] })
	const base =
		reference === undefined
			? included.length > 0 && extremes(included, ({ n }) => n).top
			: included.find(({ group }) => group === reference)
	if (!base)
		return none(undefinedDisparity(excluded, 'the reference group is missing or has too few decisions'))
	const others = included.filter((group) => group !== base)
	if (others.length === 0) return none(fewerThanTwo(excluded))
	const p = equalSharesP(included)
	if (share(base) === 0)
		return { ...none(undefinedDisparity(excluded, 'nobody in the reference group was selected')), p }
	const ratios = others.map((group) => ({
		group: group.group,
		value: share(group) / share(base),
		...koopman(group, base),
	}))
	const { bottom } = extremes(ratios, ({ value }) => value)
	const highZ = simultaneousZ(others.length)
	return {
		value: bottom.value,
		low: Math.min(...ratios.map(({ low }) => low)),
		high: Math.min(...others.map((group) => koopmanHigh(group, base, highZ))),
		p,
		groups: [base.group, bottom.group],
		excluded,
		reference: base.group,
		ratios,
	}
}
