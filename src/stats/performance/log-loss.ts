import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { areProbabilities } from './class-totals.ts'
import { lossEstimate } from './loss-estimate.ts'

/** Scores nearer than this to 0 or 1 are moved there, so that no single row makes the loss infinite. */
const nearest = 2 ** -52

/** -ln of the probability that was given to what came about, clipped as scikit-learn does in float64. */
export const surprise = (probability: number): number =>
	-Math.log(Math.min(1 - nearest, Math.max(nearest, probability)))

/** Mean negative log-likelihood in nats (scikit-learn log_loss), with a 95% interval. NaN when a score is not a probability. */
export function logLoss(counts: ScoreCounts): Estimate {
	if (!areProbabilities(counts)) return undefinedEstimate
	return lossEstimate(counts, surprise, (score) => surprise(1 - score))
}
