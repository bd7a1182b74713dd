import type { Estimate } from '../estimate.ts'
import { gammaExponentialMixture } from './gamma-exponential.ts'
import { type LossSums, meanLoss } from './loss-sums.ts'
import { mixtureWeight, type SequenceOptions, type Tuning, tuningOf } from './options.ts'

/** What every row is known to lie in, beforehand. */
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
