import { kolmogorovSmirnovP } from '../distances.ts'
import { normalTail } from '../distributions.ts'
import type { Estimate } from '../estimate.ts'
import { newcombe } from '../fairness/shares.ts'
import { type ClassTotals, classTotals, eachScoreDown, type ScoreCounts } from '../score-counts.ts'
import { minOfEitherClass } from './roc.ts'

/** Thresholds at which the bias of the largest difference is worked out: more change it little. */
const cells = 32

/** The noise of the observed curve sharpens its peak, so that the bias is underestimated; this factor corrects the lower side. */
const sharpening = 1.5

type Step = { tp: number; fp: number }

/**
 * Kolmogorov-Smirnov statistic of a score, as credit teams use it: the largest |TPR - FPR| of any threshold, in [0, 1]
 * (scipy.stats.ks_2samp, two-sided), whichever way the score points. NaN unless both classes are there. The largest of
 * many differences is biased upward: the 95% interval is Newcombe's for the difference at the best threshold, less that
 * bias, as it would be if the curve seen were the true one.
 */
export function ksStatistic(counts: ScoreCounts): Estimate {
	const totals = classTotals(counts)
	const { positives, negatives } = totals
	const difference = ({ tp, fp }: Step) => tp / positives - fp / negatives
	let best: Step = { tp: 0, fp: 0 }
	eachStep(counts, (tp, fp) => {
		if (Math.abs(tp / positives - fp / negatives) > Math.abs(difference(best))) best = { tp, fp }
	})
	const value = positives > 0 && negatives > 0 ? Math.abs(difference(best)) : Number.NaN
	if (!(Math.min(positives, negatives) >= minOfEitherClass))
		return { value, low: Number.NaN, high: Number.NaN }
	const shares = [
		{ successes: best.tp, n: positives },
		{ successes: best.fp, n: negatives },
	] as const
	const ends = difference(best) < 0 ? newcombe(shares[1], shares[0]) : newcombe(...shares)
	const chosen = thinned(counts, totals, best)
	const sign = Math.sign(difference(best)) || 1
	const differences = chosen.map((step) => sign * difference(step))
	const bias = meanOfLargest(differences, covarianceOf(chosen, totals)) - value
	const isNoise = kolmogorovSmirnovP(value, positives, negatives) > 0.05
	return {
		value,
		low: isNoise ? 0 : Math.max(0, ends.low - sharpening * bias),
		high: Math.max(value, ends.high - bias),
	}
}

/** Calls back with the counts above each threshold, from one that nothing reaches. There may be a million. */
function eachStep(counts: ScoreCounts, visit: (tp: number, fp: number) => void): void {
	let [tp, fp] = [0, 0]
	visit(tp, fp)
	eachScoreDown(counts, (_, p, n) => {
		tp += p
		fp += n
		visit(tp, fp)
	})
}

/** Thresholds about evenly far along the curve, and the best one. */
function thinned(counts: ScoreCounts, { positives, negatives }: ClassTotals, best: Step): Step[] {
	let next = 0
	const chosen: Step[] = []
	eachStep(counts, (tp, fp) => {
		const along = (tp / positives + fp / negatives) / 2
		const taken = along >= next && along < 1
		if (taken) next = along + 1 / cells
		if (taken || (tp === best.tp && fp === best.fp)) chosen.push({ tp, fp })
	})
	return chosen
}

/** Covariance of the differences at two thresholds, the i-th above the j-th: that of two cumulative shares, twice. */
function covarianceOf(steps: Step[], { positives, negatives }: ClassTotals) {
	return (i: number, j: number): number => {
		const [a, b] = [steps[Math.min(i, j)] as Step, steps[Math.max(i, j)] as Step]
		return (
			((a.tp / positives) * (1 - b.tp / positives)) / positives +
			((a.fp / negatives) * (1 - b.fp / negatives)) / negatives
		)
	}
}

/**
 * Mean of the largest of several normal variables with these means and covariances, by Clark's recursion (1961, "The
 * greatest of a finite set of random variables"): the largest so far is taken as normal when the next one comes.
 */
export function meanOfLargest(
	means: readonly number[],
	covariance: (i: number, j: number) => number,
): number {
	let mean = means[0] as number
	let variance = covariance(0, 0)
	const withLater = means.map((_, j) => covariance(0, j))
	for (let i = 1; i < means.length; i++) {
		const [other, ofOther] = [means[i] as number, covariance(i, i)]
		const spread = Math.sqrt(Math.max(0, variance + ofOther - 2 * (withLater[i] as number)))
		const deviations = spread > 0 ? (mean - other) / spread : mean >= other ? 40 : -40
		const kept = 1 - normalTail(deviations)
		const density = (spread * Math.exp((-deviations * deviations) / 2)) / Math.sqrt(2 * Math.PI)
		const largest = mean * kept + other * (1 - kept) + density
		const square =
			(mean * mean + variance) * kept + (other * other + ofOther) * (1 - kept) + (mean + other) * density
		for (let j = i + 1; j < means.length; j++)
			withLater[j] = (withLater[j] as number) * kept + covariance(i, j) * (1 - kept)
		mean = largest
		variance = Math.max(0, square - largest * largest)
	}
	return mean
}
