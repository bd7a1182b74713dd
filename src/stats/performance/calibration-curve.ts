import type { Estimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { calibrationBins } from './calibration-bins.ts'
import { proportion } from './confusion-measures.ts'

export type CalibrationPoint = { n: number; meanScore: number; positive: Estimate }

/**
 * Mean score against the share positive, with Wilson's 95% interval, in bins of equal width; bins without rows are left
 * out (scikit-learn calibration_curve). Rows whose score is not a probability are in no bin.
 */
export const calibrationCurve = (counts: ScoreCounts, bins = 10): CalibrationPoint[] =>
	calibrationBins(counts, bins)
		.filter(({ n }) => n > 0)
		.map(({ n, scores, positives }) => ({ n, meanScore: scores / n, positive: proportion(positives, n) }))
