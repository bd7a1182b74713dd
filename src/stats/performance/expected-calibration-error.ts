import { sumOfAbsolutesTail } from '../distributions/folded-normal.ts'
import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { type CalibrationBin, calibrationBins } from './calibration-bins.ts'
import { areProbabilities, classTotals } from './class-totals.ts'

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

/** Every gap moved to where more rows are positive: there it varies most, so a large gap can look small. */
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
	const most = calibrated(trial)
	if (plausible(most)) return 0
	return Math.min(trial.value, sumOfAbsolutes(gapsApart(trial, border(0, most, plausible))))
}

function upperEnd(trial: Trial, way: 'apart' | 'rates up'): number {
	const gaps = (by: number) =>
		way === 'apart' || by > 0 ? gapsApart(trial, by) : gapsOfHigherRates(trial, by)
	const plausible = (by: number) =>
		1 - sumOfAbsolutesTail(trial.cells, trial.n, gaps(by), trial.value + continuity / trial.n) >= tail
	const least = -1 / Math.min(...trial.errors)
	const most = calibrated(trial)
	if (!plausible(most)) return 0
	if (plausible(least)) return sumOfAbsolutes(gaps(least))
	return sumOfAbsolutes(gaps(border(most, least, plausible)))
}

/** Where `holds` stops to hold between `inside`, where it does, and `outside`, where it does not. */
function border(inside: number, outside: number, holds: (at: number) => boolean): number {
	let [a, b] = [inside, outside]
	for (let i = 0; i < steps; i++) {
		const middle = (a + b) / 2
		if (holds(middle)) a = middle
		else b = middle
	}
	return a
}
