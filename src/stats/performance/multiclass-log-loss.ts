import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { areProbabilities, eachScore } from './class-totals.ts'
import { surprise } from './log-loss.ts'
import { positiveMeanEstimate } from './mean-estimate.ts'

/**
 * Mean -ln of the probability given to the class that came about, in nats (scikit-learn log_loss; a row's probabilities
 * sum to 1), with a 95% interval. `classes` holds, for each class, its score against whether the row is of it: every
 * row is a positive of one class, so the positives are all that is needed. NaN when a score is not a probability.
 */
export function multiclassLogLoss(classes: readonly ScoreCounts[]): Estimate {
	if (!classes.every(areProbabilities)) return undefinedEstimate
	const over = (visit: (loss: number, rows: number) => void) => {
		for (const counts of classes) eachScore(counts, (score, p) => visit(surprise(score), p))
	}
	let [n, sum] = [0, 0]
	over((loss, rows) => {
		n += rows
		sum += rows * loss
	})
	const mean = sum / n
	let squares = 0
	over((loss, rows) => {
		squares += rows * (loss - mean) ** 2
	})
	return positiveMeanEstimate({ n, mean, variance: squares / (n - 1) })
}
