import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { brierScore } from './brier-score.ts'
import { sumOfDependent } from './mean-of-dependent.ts'

/**
 * Brier score of all classes, in [0, 2]: the mean over the rows of the squared distances summed over the classes, as
 * Brier (1950) has it (scikit-learn brier_score_loss, scale_by_half=False, its default for more than two classes).
 * `classes` holds, for each class, its score against whether the row is of it; each has all rows.
 *
 * Counts by class do not say how the parts vary together: the 95% interval adds theirs up, and is conservative.
 */
export const multiclassBrierScore = (classes: readonly ScoreCounts[]): Estimate =>
	sumOfDependent(classes.map(brierScore))
