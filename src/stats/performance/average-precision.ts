import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { classTotals, eachScoreDown } from './class-totals.ts'
import { logitEstimate } from './logit-estimate.ts'
import { leastOfEitherClass } from './roc-auc.ts'

/**
 * Average precision: the mean over the positives of the precision at their score, ties at once (scikit-learn
 * average_precision_score), with a 95% logit interval. NaN without positives; no interval below 10 rows of either class.
 */
export function averagePrecision(counts: ScoreCounts): Estimate {
	const { positives, negatives, n } = classTotals(counts)
	const value = areaUnderSteps(counts) / positives
	if (Math.min(positives, negatives) < leastOfEitherClass) return { value, low: Number.NaN, high: Number.NaN }
	const influence = Math.sqrt(squaredInfluence(counts, value, positives) * (n / (n - 1)))
	return logitEstimate(value, influence, positives)
}

function areaUnderSteps(counts: ScoreCounts): number {
	let [above, all, sum] = [0, 0, 0]
	eachScoreDown(counts, (_, p, n) => {
		above += p
		all += p + n
		sum += p * (above / all)
	})
	return sum
}

/**
 * Sum of the squared derivatives of the value by each row's weight (the infinitesimal jackknife). A positive counts
 * by its own precision, and raises that of every positive at or below it; a negative lowers those.
 */
function squaredInfluence(counts: ScoreCounts, value: number, positives: number): number {
	const steps: { precision: number; all: number; p: number; n: number }[] = []
	let [above, all] = [0, 0]
	eachScoreDown(counts, (_, p, n) => {
		above += p
		all += p + n
		steps.push({ precision: above / all, all, p, n })
	})
	let [raised, lowered, sum] = [0, 0, 0]
	for (const { precision, all, p, n } of steps.reverse()) {
		raised += (p * (1 - precision)) / all
		lowered += (p * precision) / all
		sum += p * ((precision - value + raised) / positives) ** 2 + n * (lowered / positives) ** 2
	}
	return sum
}
