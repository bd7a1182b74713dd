import type { ScoreCounts } from '../score-counts.ts'
import { classTotals, eachScoreDown } from './class-totals.ts'

export type RocPoint = { threshold: number; truePositiveRate: number; falsePositiveRate: number }

/**
 * ROC curve from (0, 0), at a threshold of infinity, one point a score, highest first: rows at or above the threshold
 * are called positive (scikit-learn roc_curve, drop_intermediate=False). Rates are NaN without rows of their class.
 */
export function rocCurve(counts: ScoreCounts): RocPoint[] {
	const { positives, negatives } = classTotals(counts)
	let [tp, fp] = [0, 0]
	const at = (threshold: number) => ({
		threshold,
		truePositiveRate: tp / positives,
		falsePositiveRate: fp / negatives,
	})
	const points = [at(Number.POSITIVE_INFINITY)]
	eachScoreDown(counts, (score, p, n) => {
		tp += p
		fp += n
		points.push(at(score))
	})
	return points
}
