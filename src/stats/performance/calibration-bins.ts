import type { ScoreCounts } from '../score-counts.ts'
import { eachScore } from './class-totals.ts'

/** Rows of one bin of scores: how many, how many positive, and the sums of their scores and of the squares. */
export type CalibrationBin = { n: number; positives: number; scores: number; squares: number }

/**
 * `bins` bins of equal width over [0, 1], each open below and closed above, but the first closed at 0 (as scikit-learn
 * calibration_curve). Throws RangeError unless there is at least one bin.
 */
export function calibrationBins(counts: ScoreCounts, bins: number): CalibrationBin[] {
	if (!(Number.isInteger(bins) && bins > 0)) throw new RangeError('there is at least one bin')
	const made = Array.from({ length: bins }, () => ({ n: 0, positives: 0, scores: 0, squares: 0 }))
	eachScore(counts, (score, p, n) => {
		const bin = made[binOf(score, bins)]
		if (bin === undefined) return
		bin.n += p + n
		bin.positives += p
		bin.scores += score * (p + n)
		bin.squares += score * score * (p + n)
	})
	return made
}

/** The product can be off by a rounding at an edge, so the edge itself (bin / bins) decides. */
function binOf(score: number, bins: number): number {
	const near = Math.ceil(score * bins) - 1
	if (near > 0 && score <= near / bins) return near - 1
	if (score > (near + 1) / bins) return near + 1
	return Math.max(0, near)
}
