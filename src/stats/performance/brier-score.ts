import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { areProbabilities } from './class-totals.ts'
import { lossEstimate } from './loss-estimate.ts'

/**
 * Mean squared distance of the score from the outcome, 0 or 1 (scikit-learn brier_score_loss), with a 95% interval.
 * NaN when a score is not a probability.
 */
export function brierScore(counts: ScoreCounts): Estimate {
	if (!areProbabilities(counts)) return undefinedEstimate
	return lossEstimate(
		counts,
		(score) => (1 - score) ** 2,
		(score) => score ** 2,
	)
}
