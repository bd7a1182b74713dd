import type { Estimate } from '../estimate.ts'
import { type LossSums, lossVariance, meanLoss } from './loss-sums.ts'
import { mixtureWeight, type SequenceOptions, tuningOf } from './options.ts'

/** A standard error, the rows it amounts to (variance / squared error) and its degrees of freedom. */
type Precision = { error: number; rows: number; df: number }

/**
 * Always-valid confidence sequence for the mean of unbounded rows, from their sums. Exact at any time for normal rows,
 * asymptotic for others: the normal mixture with an estimated variance (Waudby-Smith et al. 2021) in its small-sample
 * form, the t-test of Lindon et al. (2022) and Wang and Ramdas (2023). No bounds (NaN) before some 30 rows, or of rows
 * that are all equal.
 */
export function meanSequence(sums: LossSums, options: SequenceOptions = {}): Estimate {
	const { alpha, tuneAt } = tuningOf(options)
	const value = meanLoss(sums)
	const error = Math.sqrt(lossVariance(sums) / sums.n)
	return around(value, { error, rows: sums.n, df: sums.n - 1 }, alpha, mixtureWeight(tuneAt, alpha))
}

/**
 * The same for the mean of `a` less the mean of `b`, two samples that share no rows: Welch's error, the smaller
 * sample's degrees of freedom. The split may not follow the losses. Rare losses in a small arm are far from normal:
 * where losses are bounded, see boundedDifference.
 */
export function differenceSequence(a: LossSums, b: LossSums, options: SequenceOptions = {}): Estimate {
	const { alpha, tuneAt } = tuningOf(options)
	const [partA, partB] = [lossVariance(a) / a.n, lossVariance(b) / b.n]
	// Equal rows in one arm, a canary without its first error, say nothing yet of that arm's variance.
	const error = partA > 0 && partB > 0 ? Math.sqrt(partA + partB) : 0
	const precision = { error, rows: (a.n * b.n) / (a.n + b.n), df: Math.min(a.n, b.n) - 1 }
	return around(meanLoss(a) - meanLoss(b), precision, alpha, mixtureWeight(tuneAt / 4, alpha))
}

function around(value: number, precision: Precision, alpha: number, weight: number): Estimate {
	const half = precision.error * criticalT(precision.rows, precision.df, alpha, weight)
	// An error of 0 is no certainty: rows that have been equal so far need not stay so.
	if (!(half > 0 && half < Number.POSITIVE_INFINITY)) return { value, low: Number.NaN, high: Number.NaN }
	return { value, low: value - half, high: value + half }
}

/** The t at which the evidence comes to 1 / alpha; Infinity while no t is enough. */
function criticalT(rows: number, df: number, alpha: number, weight: number): number {
	const shrink = weight / (weight + rows)
	const power = (1 / (alpha * Math.sqrt(shrink))) ** (2 / (df + 1))
	return power * shrink < 1 ? Math.sqrt((df * (power - 1)) / (1 - power * shrink)) : Number.POSITIVE_INFINITY
}

/**
 * Evidence against a mean of 0, as the logarithm of an e-value: the Bayes factor of t under an effect of N(0, 1 / weight)
 * standard deviations against none (Lindon et al. 2022, equation 7).
 */
export function logEvidence(t: number, rows: number, df: number, weight: number): number {
	const shrink = weight / (weight + rows)
	const x = (t * t) / df
	return (Math.log(shrink) + (df + 1) * (Math.log1p(x) - Math.log1p(shrink * x))) / 2
}
