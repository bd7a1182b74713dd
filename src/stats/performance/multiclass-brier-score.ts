import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { brierScore } from './brier-score.ts'
import { classTotals } from './class-totals.ts'
import { fromSums, positiveMeanEstimate } from './mean-estimate.ts'
import { sumOfDependent } from './mean-of-dependent.ts'
import { minOfEitherClass } from './roc-auc.ts'

/** Sums over rows of the squared distances of their probabilities, summed over the classes, and of its square. */
export type BrierSums = { n: number; sum: number; squares: number }

/**
 * Brier score of all classes, in [0, 2]: the mean over the rows of the squared distances summed over the classes, as
 * Brier (1950) has it (scikit-learn brier_score_loss, scale_by_half=False, its default for more than two classes).
 * `classes` holds, for each class, its score against whether the row is of it; each has all rows.
 *
 * Counts by class do not say how the parts vary together: the 95% interval is that of the mean of `rows`, the sums over
 * the same rows. Without them (`undefined`, or of other rows) it adds up those of the classes, and is conservative.
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
