import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { rocAuc } from './roc-auc.ts'

/** Gini coefficient (accuracy ratio, Somers' D) of a score: 2 AUC - 1, its interval that of the AUC. */
export function gini(counts: ScoreCounts): Estimate {
	const { value, low, high } = rocAuc(counts)
	return { value: 2 * value - 1, low: 2 * low - 1, high: 2 * high - 1 }
}
