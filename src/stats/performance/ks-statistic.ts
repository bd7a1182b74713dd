import type { Estimate } from '../estimate.ts'
import { newcombe } from '../fairness/two-shares.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { type ClassTotals, classTotals, eachScoreDown } from './class-totals.ts'
import { meanOfLargest } from './mean-of-largest.ts'
import { leastOfEitherClass } from './roc-auc.ts'

/** Thresholds at which the bias of the largest difference is worked out: more change it little. */
const cells = 32

/** The noise of the curve seen makes its peak stand out, so its bias is too small; this makes up for it on the lower side. */
const sharpening = 1.5

type Step = { tp: number; fp: number }

/**
 * Kolmogorov-Smirnov statistic of a score, as credit teams use it: the largest TPR - FPR of any threshold, in [0, 1].
 * NaN unless both classes are there. The largest of many differences is biased upward: the 95% interval is Newcombe's
 * for the difference at the best threshold, less that bias, as it would be if the curve seen were the true one.
 */
export function ksStatistic(counts: ScoreCounts): Estimate {
	const totals = classTotals(counts)
	const { positives, negatives } = totals
	const steps = stepsOf(counts)
	const difference = ({ tp, fp }: Step) => tp / positives - fp / negatives
	let best: Step = { tp: 0, fp: 0 }
	for (const step of steps) if (difference(step) > difference(best)) best = step
	const value = positives > 0 && negatives > 0 ? difference(best) : Number.NaN
	if (!(Math.min(positives, negatives) >= leastOfEitherClass))
		return { value, low: Number.NaN, high: Number.NaN }
	const ends = newcombe({ successes: best.tp, n: positives }, { successes: best.fp, n: negatives })
	const chosen = thinned(steps, totals, best)
	const bias = meanOfLargest(chosen.map(difference), covarianceOf(chosen, totals)) - value
	return { value, low: Math.max(0, ends.low - sharpening * bias), high: Math.max(value, ends.high - bias) }
}

function stepsOf(counts: ScoreCounts): Step[] {
	const steps: Step[] = []
	let [tp, fp] = [0, 0]
	eachScoreDown(counts, (_, p, n) => {
		tp += p
		fp += n
		steps.push({ tp, fp })
	})
	return steps
}

/** Thresholds about evenly far along the curve, and the best one. */
function thinned(steps: Step[], { positives, negatives }: ClassTotals, best: Step): Step[] {
	let next = 0
	return steps.filter((step) => {
		const along = (step.tp / positives + step.fp / negatives) / 2
		const taken = along >= next && along < 1
		if (taken) next = along + 1 / cells
		return taken || step === best
	})
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
