import { type Estimate, logitEstimate } from '../estimate.ts'
import { classTotals, eachScore, eachScoreDown, type ScoreCounts } from '../score-counts.ts'
import { minOfEitherClass } from './roc.ts'

/**
 * Average precision: the mean over the positives of the precision at their score, ties at once (scikit-learn
 * average_precision_score), with a 95% interval on the logit scale (Boyd, Eng and Page 2013), its error from the
 * infinitesimal jackknife. NaN without positives; no interval below 10 rows of either class.
 */
export function averagePrecision(counts: ScoreCounts): Estimate {
	const { positives, negatives, n } = classTotals(counts)
	const value = areaUnderSteps(counts) / positives
	if (Math.min(positives, negatives) < minOfEitherClass) return { value, low: Number.NaN, high: Number.NaN }
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
	// From the lowest score up: the rows at or above a score are those not visited yet.
	let [above, all] = [positives, classTotals(counts).n]
	let [raised, lowered, sum] = [0, 0, 0]
	eachScore(counts, (_, p, n) => {
		const precision = above / all
		raised += (p * (1 - precision)) / all
		lowered += (p * precision) / all
		sum += p * ((precision - value + raised) / positives) ** 2 + n * (lowered / positives) ** 2
		above -= p
		all -= p + n
	})
	return sum
}

export type PrecisionRecallPoint = { threshold: number; precision: number; recall: number }

/**
 * Precision and recall at each score as threshold, highest first; rows at or above it are called positive
 * (scikit-learn precision_recall_curve, in reverse and without its added point at recall 0). Recall is NaN without positives.
 */
export function precisionRecallCurve(counts: ScoreCounts): PrecisionRecallPoint[] {
	const { positives } = classTotals(counts)
	const points: PrecisionRecallPoint[] = []
	let [tp, called] = [0, 0]
	eachScoreDown(counts, (threshold, p, n) => {
		tp += p
		called += p + n
		points.push({ threshold, precision: tp / called, recall: tp / positives })
	})
	return points
}
