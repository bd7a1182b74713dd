import type { CalibrationBin } from '../performance/calibration-bins.ts'
import { upperGamma } from './gamma.ts'
import { normalTail } from './normal.ts'

/** Below this skewness a Pearson III distribution is a normal one for our purpose. */
const minSkewness = 0.02

/**
 * P(T >= t) of T = sum of |gap| over the bins of n rows whose true gaps are `gaps` (of scores less positives, as a
 * share of n): each taken as a folded normal (Leone, Nelson and Nottingham 1961), the sum as a Pearson III
 * distribution with the same mean, variance and skewness.
 */
export function sumOfAbsolutesTail(cells: CalibrationBin[], n: number, gaps: number[], t: number): number {
	let [mean, variance, third, error] = [0, 0, 0, 0]
	for (let i = 0; i < cells.length; i++) {
		const gap = gaps[i] as number
		const moments = foldedMoments(cells[i] as CalibrationBin, n, gap)
		mean += moments.mean
		variance += moments.variance
		third += moments.third
		error += Math.abs(gap)
	}
	// The bins' variances are those of Poisson counts; that the rows are n together takes off this much.
	variance = Math.max(variance - (error * error) / n, variance / 20)
	return pearsonTail((t - mean) / Math.sqrt(variance), third / variance ** 1.5)
}

function foldedMoments(cell: CalibrationBin, n: number, gap: number) {
	const score = cell.scores / cell.n
	const spread = Math.max(0, cell.squares / cell.n - score * score)
	const shift = (gap * n) / cell.n
	const rate = Math.min(1, Math.max(0, score - shift))
	// Within the bin outcomes follow the scores, so the rows' own variances are less than that of their mean rate.
	const ofRow = Math.max(rate * (1 - rate) - spread, (rate * (1 - rate)) / 20) + shift * shift
	const variance = (cell.n * Math.max(ofRow, 1e-12)) / (n * n)
	const size = Math.abs(gap)
	const deviation = Math.sqrt(variance)
	const away = size / deviation
	const sure = 1 - 2 * normalTail(away)
	const density = (2 * deviation * Math.exp((-away * away) / 2)) / Math.sqrt(2 * Math.PI)
	const mean = density + size * sure
	const square = size * size + variance
	const cube = (size * square + 2 * size * variance) * sure + density * (square + variance)
	const ofCounts = (Math.sign(gap) * sure * cell.n * rate * (1 - rate) * (1 - 2 * rate)) / n ** 3
	return {
		mean,
		variance: square - mean * mean,
		third: cube - 3 * mean * square + 2 * mean ** 3 - ofCounts,
	}
}

/** Upper tail of the Pearson III distribution with mean 0, variance 1 and this skewness. */
function pearsonTail(x: number, skewness: number): number {
	if (Math.abs(skewness) < minSkewness) return normalTail(x)
	const shape = 4 / (skewness * skewness)
	const at = shape + x * Math.sqrt(shape) * Math.sign(skewness)
	const upper = at <= 0 ? 1 : upperGamma(shape, at)
	return skewness > 0 ? upper : 1 - upper
}
