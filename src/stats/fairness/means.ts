import { total } from '../counts.ts'
import { fTail } from '../distributions/f.ts'

/** A sample by its size, mean and variance (over n - 1). */
export type Sample = { n: number; mean: number; variance: number }

// The two sums are rounded: a variance below this share of the mean square is none.
const rounding = 1e-13

/** A sample of at least one value, from its size, sum and sum of squares; a variance of NaN for a single value. */
export function sampleOf(n: number, sum: number, squares: number): Sample {
	const about = squares - (sum * sum) / n
	return { n, mean: sum / n, variance: n < 2 ? Number.NaN : about > rounding * squares ? about / (n - 1) : 0 }
}

/** The pooled variance of samples. */
export const pooledVariance = (samples: readonly Sample[]): number =>
	total(samples.map(({ n, variance }) => (n - 1) * variance)) / total(samples.map(({ n }) => n - 1))

/**
 * The variance of the difference of two means: the larger of Welch's and the pooled one, since the variance of a small
 * sample of skewed values is often far too small.
 */
export function varianceOfDifference(a: Sample, b: Sample): number {
	const pooled = pooledVariance([a, b]) * (1 / a.n + 1 / b.n)
	return Math.max(pooled, a.variance / a.n + b.variance / b.n)
}

/** Analysis of variance, one way: p that all samples have one mean, given one variance (scipy.stats.f_oneway). */
export function anovaP(samples: readonly Sample[]): number {
	const df1 = samples.length - 1
	const rows = total(samples.map(({ n }) => n))
	const mean = total(samples.map((s) => s.n * s.mean)) / rows
	const between = total(samples.map((s) => s.n * (s.mean - mean) ** 2)) / df1
	const within = pooledVariance(samples)
	if (within === 0) return between > rounding * mean * mean * rows ? 0 : 1
	return fTail(between / within, df1, rows - samples.length)
}

/**
 * Welch's analysis of variance (1951): p that all samples have one mean, whatever their variances
 * (scipy.stats.f_oneway(equal_var=False)). NaN when a sample has no variance.
 */
export function welchAnovaP(samples: readonly Sample[]): number {
	const k = samples.length
	const weights = samples.map(({ n, variance }) => n / variance)
	const all = total(weights)
	const mean = total(samples.map((s, i) => (weights[i] as number) * s.mean)) / all
	const between = total(samples.map((s, i) => (weights[i] as number) * (s.mean - mean) ** 2)) / (k - 1)
	const spread = total(samples.map(({ n }, i) => (1 - (weights[i] as number) / all) ** 2 / (n - 1)))
	const f = between / (1 + (2 * (k - 2) * spread) / (k * k - 1))
	return Number.isFinite(f) ? fTail(f, k - 1, (k * k - 1) / (3 * spread)) : Number.NaN
}

/**
 * p that all of at least two samples have one mean: the larger of Welch's and the classic p. Welch's alone alarms too
 * often with small groups of skewed scores, the classic one with small groups of larger variance.
 */
export function equalMeansP(samples: readonly Sample[]): number {
	const welch = welchAnovaP(samples)
	const classic = anovaP(samples)
	return Number.isNaN(welch) ? classic : Math.max(welch, classic)
}
