import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { meanOfCorrelated } from './mean-of-dependent.ts'
import { rocAuc } from './roc-auc.ts'

/**
 * Macro one-v-rest ROC AUC: the plain mean over the classes, each by its own score against all others (scikit-learn
 * roc_auc_score, multi_class="ovr"). Classes without rows, or with all rows, have no AUC and are left out.
 *
 * The classes' AUCs share rows, and counts by class do not say how they vary together. That hardly depends on the
 * model: over softmax, ordinal and confident scores, even and skewed classes, the mean correlation by DeLong's
 * components is 1 for two classes, .31 to .50 for three, .13 to .23 for four, .06 to .15 for five, .01 to .04 for ten.
 * (classes - 1)^(-4/3) lies within that and stands for it. NaN when a class has too few rows for an interval of its own.
 */
export function multiclassRocAuc(classes: readonly ScoreCounts[]): Estimate {
	const parts = classes.map(rocAuc).filter(({ value }) => !Number.isNaN(value))
	if (parts.length === 0) return undefinedEstimate
	return meanOfCorrelated(parts, Math.max(1, parts.length - 1) ** (-4 / 3))
}
