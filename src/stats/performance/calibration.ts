import { normalTail, upperGamma } from '../distributions.ts'
import { type Estimate, proportion, undefinedEstimate } from '../estimate.ts'
import { areProbabilities, classTotals, eachScore, type ScoreCounts } from '../score-counts.ts'

/** Rows of one bin of scores: how many, how many positive, and the sums of their scores and of the squares. */
export type CalibrationBin = { n: number; positives: number; scores: number; squares: number }

/**
 * `bins` bins of equal width over [0, 1], each open below and closed above, but the first closed at 0 (as scikit-learn
 * calibration_curve). Throws RangeError unless there is at least one bin.
 */
export function calibrationBins(counts: ScoreCounts, bins: number): CalibrationBin[] {
	if (!(Number.isInteger(bins) && bins > 0)) throw new RangeError('calibration needs at least one bin')
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

export type CalibrationPoint = { n: number; meanScore: number; positive: Estimate }

/**
 * Mean score against the share positive, with Wilson's 95% interval, in bins of equal width; bins without rows are left
 * out (scikit-learn calibration_curve). Rows whose score is not a probability are in no bin.
 */
export const calibrationCurve = (counts: ScoreCounts, bins = 10): CalibrationPoint[] =>
	calibrationBins(counts, bins)
		.filter(({ n }) => n > 0)
		.map(({ n, scores, positives }) => ({ n, meanScore: scores / n, positive: proportion(positives, n) }))

const bins = 10
const tail = 0.025
const steps = 40
/** In rows: values move in steps of about one row, which matters where few are positive. */
const continuity = 0.5

/**
 * Expected calibration error over 10 bins of equal width (Naeini et al. 2015; Guo et al. 2017): the sum over the bins of
 * |sum of scores - positives| / n. NaN when a score is not a probability. The value is biased upward, by noise that
 * never cancels; the 95% interval is of the error of the population, and allows for that.
 *
 * It inverts a test: for gaps of the bins that are nearest to those seen and add up to an error, how likely is a value
 * as low, or as high, as the one seen? Variances are those under the gaps on trial (a score test), as Wilson's. The
 * upper end is never below the value. Near 0 the interval is conservative: an error below the noise has no lower end.
 */
export function expectedCalibrationError(counts: ScoreCounts): Estimate {
	const { n } = classTotals(counts)
	if (n === 0 || !areProbabilities(counts)) return undefinedEstimate
	const cells = calibrationBins(counts, bins).filter((cell) => cell.n > 0)
	const seen = cells.map((cell) => (cell.scores - cell.positives) / n)
	const value = sumOfAbsolutes(seen)
	if (n < 2) return { value, low: Number.NaN, high: Number.NaN }
	const trial = { cells, n, seen, value, errors: cells.map((cell) => standardError(cell, n)) }
	return {
		value,
		low: lowerEnd(trial),
		high: Math.max(value, upperEnd(trial, 'apart'), upperEnd(trial, 'rates up')),
	}
}

/** `errors` are rough standard errors of the gaps: the unit in which they are moved. */
type Trial = { cells: CalibrationBin[]; n: number; seen: number[]; value: number; errors: number[] }

const sumOfAbsolutes = (gaps: number[]) => gaps.reduce((sum, gap) => sum + Math.abs(gap), 0)

function standardError(cell: CalibrationBin, n: number): number {
	const score = cell.scores / cell.n
	const rate = (cell.positives + score) / (cell.n + 1)
	return Math.sqrt(cell.n * Math.max(rate * (1 - rate), score * (1 - score), 1e-18)) / n
}

/** Every gap brought `by` standard errors nearer to 0 (away from it if negative), as far as its rate can go. */
function gapsApart({ cells, n, seen, errors }: Trial, by: number): number[] {
	return seen.map((gap, i) => {
		const size = Math.max(0, Math.abs(gap) - by * (errors[i] as number))
		return within(cells[i] as CalibrationBin, n, gap > 0 ? size : -size)
	})
}

/** Every gap moved to where more rows are positive: there it varies most, so that a large gap can look small. */
function gapsOfHigherRates({ cells, n, seen, errors }: Trial, by: number): number[] {
	return seen.map((gap, i) => within(cells[i] as CalibrationBin, n, gap + by * (errors[i] as number)))
}

const within = (cell: CalibrationBin, n: number, gap: number) =>
	Math.min(cell.scores / n, Math.max((cell.scores - cell.n) / n, gap))

const calibrated = ({ seen, errors }: Trial) =>
	Math.max(...seen.map((gap, i) => Math.abs(gap) / (errors[i] as number)))

function lowerEnd(trial: Trial): number {
	const plausible = (by: number) =>
		sumOfAbsolutesTail(trial.cells, trial.n, gapsApart(trial, by), trial.value) >= tail
	const max = calibrated(trial)
	if (plausible(max)) return 0
	return Math.min(trial.value, sumOfAbsolutes(gapsApart(trial, border(0, max, plausible))))
}

function upperEnd(trial: Trial, way: 'apart' | 'rates up'): number {
	const gaps = (by: number) =>
		way === 'apart' || by > 0 ? gapsApart(trial, by) : gapsOfHigherRates(trial, by)
	const plausible = (by: number) =>
		1 - sumOfAbsolutesTail(trial.cells, trial.n, gaps(by), trial.value + continuity / trial.n) >= tail
	const min = -1 / Math.min(...trial.errors)
	const max = calibrated(trial)
	if (!plausible(max)) return 0
	if (plausible(min)) return sumOfAbsolutes(gaps(min))
	return sumOfAbsolutes(gaps(border(max, min, plausible)))
}

/** Where `holds` stops being true, between `inside` (true) and `outside` (false). */
function border(inside: number, outside: number, holds: (at: number) => boolean): number {
	let [a, b] = [inside, outside]
	for (let i = 0; i < steps; i++) {
		const middle = (a + b) / 2
		if (holds(middle)) a = middle
		else b = middle
	}
	return a
}

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
	const deviations = size / deviation
	const sure = 1 - 2 * normalTail(deviations)
	const density = (2 * deviation * Math.exp((-deviations * deviations) / 2)) / Math.sqrt(2 * Math.PI)
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
