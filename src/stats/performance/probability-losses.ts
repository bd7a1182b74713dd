import {
	type Estimate,
	fromSums,
	positiveMeanEstimate,
	sumOfDependent,
	undefinedEstimate,
} from '../estimate.ts'
import { areProbabilities, classTotals, eachScore, type ScoreCounts } from '../score-counts.ts'
import { minOfEitherClass } from './roc.ts'

/**
 * Mean over all rows of a loss that depends on the score and the outcome, with its 95% interval. Two passes, since the
 * difference of two sums of squares would lose the digits of a small variance. No interval below 10 rows of either
 * class: the mean then depends on too few rows.
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

/** Scores are clipped to this distance from 0 and 1, so that no single row makes the loss infinite. */
const nearest = 2 ** -52

/** -ln of the probability of the actual outcome, clipped as scikit-learn does in float64. */
export const surprise = (probability: number): number =>
	-Math.log(Math.min(1 - nearest, Math.max(nearest, probability)))

/** Mean negative log-likelihood in nats (scikit-learn log_loss), with a 95% interval. NaN when a score is not a probability. */
export function logLoss(counts: ScoreCounts): Estimate {
	if (!areProbabilities(counts)) return undefinedEstimate
	return lossEstimate(counts, surprise, (score) => surprise(1 - score))
}

/** Sums over rows of the squared distances of their probabilities, summed over the classes, and of its square. */
export type BrierSums = { n: number; sum: number; squares: number }

/**
 * Brier score of all classes, in [0, 2]: the mean over the rows of the squared distances summed over the classes, as
 * Brier (1950) has it (scikit-learn brier_score_loss, scale_by_half=False, its default for more than two classes).
 * `classes` holds, for each class, its score against whether the row is of it; each has all rows.
 *
 * Counts by class do not show how the parts vary together, so the 95% interval is that of the mean of `rows`, sums over the
 * same rows. Without them (`undefined`, or of other rows) it adds up those of the classes, and is conservative.
 */
export function multiclassBrierScore(classes: readonly ScoreCounts[], rows?: BrierSums): Estimate {
	const parts = sumOfDependent(classes.map(brierScore))
	const totals = classes.map(classTotals)
	if (!rows || rows.n === 0 || !totals.every(({ n }) => n === rows.n)) return parts
	const others = rows.n - Math.max(...totals.map(({ positives }) => positives))
	if (others < minOfEitherClass) return { ...parts, low: Number.NaN, high: Number.NaN }
	const { low, high } = positiveMeanEstimate(fromSums(rows.n, rows.sum, rows.squares))
	return { value: parts.value, low, high }
}

/**
 * Mean -ln of the probability of the actual class, in nats (scikit-learn log_loss; a row's probabilities sum to 1), with a
 * 95% interval. `classes` holds, for each class, its score by whether the row belongs to it: every row is a positive of
 * one class, so the positives suffice. NaN when a score is not a probability.
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
