import { logGamma, upperGamma } from '../distributions.ts'
import type { Estimate } from '../estimate.ts'

export type SequenceOptions = {
	/** Chance that the sequence ever leaves the truth out, 0.05 by default. */
	alpha?: number
	/** Rows (of both arms together) at which the sequence is narrowest, 1000 by default. To be fixed before any data. */
	tuneAt?: number
}

export type Tuning = { alpha: number; tuneAt: number }

/** With defaults; RangeError on options out of range. */
export function tuningOf({ alpha = 0.05, tuneAt = 1000 }: SequenceOptions): Tuning {
	if (!(alpha > 0 && alpha < 1 && tuneAt > 0))
		throw new RangeError('a confidence sequence needs 0 < alpha < 1 and tuneAt > 0')
	return { alpha, tuneAt }
}

/** Prior weight of a mixture that makes its boundary least at the intrinsic time `v` (Howard et al. 2021, equation 26). */
export const mixtureWeight = (v: number, alpha: number): number => {
	const surprise = 2 * Math.log(1 / alpha)
	return v / (surprise + Math.log(1 + surprise))
}

/** What a confidence sequence needs of per-row values: their number, sum and sum of squares. Sums of parts add up. */
export type LossSums = { n: number; sum: number; squares: number }

export const noLosses: LossSums = { n: 0, sum: 0, squares: 0 }

export const addLoss = ({ n, sum, squares }: LossSums, x: number): LossSums => ({
	n: n + 1,
	sum: sum + x,
	squares: squares + x * x,
})

export const sumLosses = (values: Iterable<number>): LossSums => {
	let sums = noLosses
	for (const x of values) sums = addLoss(sums, x)
	return sums
}

export const mergeLosses = (a: LossSums, b: LossSums): LossSums => ({
	n: a.n + b.n,
	sum: a.sum + b.sum,
	squares: a.squares + b.squares,
})

/** The sums of `factor` times as many rows with the same mean and mean square: for projections. */
export const growLosses = ({ n, sum, squares }: LossSums, factor: number): LossSums => ({
	n: n * factor,
	sum: sum * factor,
	squares: squares * factor,
})

/** NaN of no rows. */
export const meanLoss = ({ n, sum }: LossSums): number => (n > 0 ? sum / n : Number.NaN)

/** Of a sample (n - 1); NaN of fewer than 2 rows. */
export const lossVariance = ({ n, sum, squares }: LossSums): number =>
	n > 1 ? Math.max(0, (squares - (sum * sum) / n) / (n - 1)) : Number.NaN

/**
 * Logarithm of the gamma-exponential mixture (Howard et al. 2021, proposition 9) at scale c = 1: the mean of
 * exp(l s - (-log(1 - l) - l) v) over l in [0, 1), weighted by rho; confseq's gamma_exponential_log_mixture. For s > -v.
 */
export function gammaExponentialMixture(s: number, v: number, rho: number): number {
	const shape = v + rho
	const rate = s + v + rho
	const start = rho * Math.log(rho) - logGamma(rho) - logLowerGamma(rho, rho)
	return start + logGamma(shape) + logLowerGamma(shape, rate) - shape * Math.log(rate) + s + v
}

/** 0 where the upper part is below exp(-40), by Chernoff's bound. */
const logLowerGamma = (a: number, x: number): number =>
	x > a && (x - a) ** 2 > 80 * x ? 0 : Math.log1p(-upperGamma(a, x))

/** Bounds of every row, known beforehand. */
export type Bounds = { low: number; high: number }

/** Variance that the sequence is tuned for, as a share of the greatest: as of two models that disagree in a tenth of rows. */
const likelyVariance = 0.1

/** Rows are put in units of how far below a mean they can lie, or of this share of the bounds: smaller units only cost time. */
const minScale = 0.05

/**
 * Always-valid confidence sequence for the mean of rows within `bounds`, from their sums: holds at every n, for rows of
 * any distribution. An empirical Bernstein bound: with y >= -1 of mean 0 and 0 <= l < 1, exp(l y + (log(1 - l) + l) y^2)
 * has a mean of at most 1 (Fan et al. 2015), so the mixture of its products over l can be tried on every mean.
 */
export function boundedSequence(sums: LossSums, bounds: Bounds, options: SequenceOptions = {}): Estimate {
	const tuning = tuningOf(options)
	const { low, high } = bounds
	const value = meanLoss(sums)
	if (!(low < high)) throw new RangeError('bounds need low < high')
	if (value < low || value > high) throw new RangeError('the mean lies outside the bounds')
	if (!(sums.n > 0)) return { value, low: Number.NaN, high: Number.NaN }
	const mirrored = { n: sums.n, sum: -sums.sum, squares: sums.squares }
	return {
		value,
		low: lowerBound(sums, { low, high }, tuning),
		high: -lowerBound(mirrored, { low: -high, high: -low }, tuning),
	}
}

/** The least mean that is not refuted at alpha / 2. */
function lowerBound({ n, sum, squares }: LossSums, { low, high }: Bounds, { alpha, tuneAt }: Tuning): number {
	const greatest = ((high - low) / 2) ** 2
	const rho = mixtureWeight(tuneAt * greatest * likelyVariance, alpha)
	const refuted = (mean: number): boolean => {
		const scale = Math.max(mean - low, minScale * (high - low))
		const s = (sum - n * mean) / scale
		const v = Math.max(0, squares - 2 * mean * sum + n * mean * mean) / (scale * scale)
		return gammaExponentialMixture(s, v, rho / (scale * scale)) >= Math.log(2 / alpha)
	}
	let [below, above] = [low, sum / n]
	if (above <= low) return low
	for (let i = 0; i < 60 && above - below > 1e-13 * (high - low); i++) {
		const middle = (below + above) / 2
		if (refuted(middle)) below = middle
		else above = middle
	}
	return below
}
