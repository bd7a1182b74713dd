import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { classTotals, eachScore } from './class-totals.ts'
import { positiveMeanEstimate } from './mean-estimate.ts'
import { minOfEitherClass } from './roc-auc.ts'

/**
 * Mean over all rows of a loss that depends on the score and the outcome, with its 95% interval. Two passes: the
 * difference of two sums of squares would lose the digits of a small variance. No interval below 10 rows of either
 * class: the mean then hangs on a few rows, and how many more there could have been is not to be seen in it.
 */
export function lossEstimate(
	counts: ScoreCounts,
	ofPositive: (score: number) => number,
	ofNegative: (score: number) => number,
): Estimate {
	const { positives, negatives, n } = classTotals(counts)
	let sum = 0
	eachScore(counts, (score, p, q) => {
		sum += (p > 0 ? p * ofPositive(score) : 0) + (q > 0 ? q * ofNegative(score) : 0)
	})
	const mean = sum / n
	if (Math.min(positives, negatives) < minOfEitherClass)
		return { value: mean, low: Number.NaN, high: Number.NaN }
	let squares = 0
	eachScore(counts, (score, p, q) => {
		squares += p * (ofPositive(score) - mean) ** 2 + q * (ofNegative(score) - mean) ** 2
	})
	return positiveMeanEstimate({ n, mean, variance: squares / (n - 1) })
}
