import { type Disparity, type DisparityOptions, enoughShares, fewerThanTwo } from './disparity.ts'
import type { Group } from './group-counts.ts'
import { equalSharesP } from './homogeneity.ts'
import { largestDifference } from './largest-difference.ts'
import { type GroupShare, groupShares, type RateName } from './rates.ts'
import { newcombe } from './two-shares.ts'

const share = ({ successes, n }: GroupShare) => successes / n

/** The highest less the lowest rate of the groups with rows enough, by Newcombe's intervals of pairs. */
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
