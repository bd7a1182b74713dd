import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { meanOfDependent } from './mean-of-dependent.ts'
import { rocAuc } from './roc-auc.ts'

/**
 * Macro one-v-rest ROC AUC: the plain mean over the classes, each by its own score against all others (scikit-learn
 * roc_auc_score, multi_class="ovr"). Classes without rows, or with all rows, have no AUC and are left out.
 *
 * The classes' AUCs share rows, and counts by class do not say how they vary together: the 95% interval is the mean of
 * the classes' intervals, as if they varied as one. It is conservative; NaN when a class has too few rows for its own.
 */
export const multiclassRocAuc = (classes: readonly ScoreCounts[]): Estimate =>
	meanOfDependent(classes.map(rocAuc).filter(({ value }) => !Number.isNaN(value)))
