import type { ScoreCounts } from '../score-counts.ts'
import { classTotals, eachScoreDown } from './class-totals.ts'

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
