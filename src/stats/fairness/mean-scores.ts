import { total } from '../counts.ts'
import { fTail } from '../distributions.ts'
import {
	type Disparity,
	type DisparityOptions,
	defaultMinGroup,
	enough,
	fewerThanTwo,
	largestDifference,
} from './disparity.ts'
import type { Group } from './group-counts.ts'
import type { Interval } from './shares.ts'

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

/** The groups' scores as samples, those with at least `minGroup` (and two) scores. */
export function scoreSamples(
	groups: readonly Group[],
	{ minGroup = defaultMinGroup }: DisparityOptions = {},
) {
	const samples = groups.map(({ group, counts: { scored, scoreSum, scoreSquares } }) => ({
		group,
		...sampleOf(scored, scoreSum, scoreSquares),
	}))
	return enough(samples, 'rows with a score', { minGroup: Math.max(2, minGroup) })
}

/** Difference of two means in pooled standard deviations (Cohen's d, not bias-corrected). Constant samples: 0 or infinite. */
function standardised(a: Sample, b: Sample): number {
	const difference = a.mean - b.mean
	return difference === 0 ? 0 : difference / Math.sqrt(pooledVariance([a, b]))
}

/**
 * d and z standard errors to both sides: Hedges and Olkin's large-sample error (1985), with the samples' own variances
 * where these give a larger one.
 */
function around(a: Sample, b: Sample, z: number): Interval {
	const d = standardised(a, b)
	const pooled = pooledVariance([a, b])
	if (pooled === 0) return { low: d, high: d }
	const error = varianceOfDifference(a, b) / pooled + (d * d) / (2 * (a.n + b.n))
	return { low: d - z * Math.sqrt(error), high: d + z * Math.sqrt(error) }
}

/**
 * The largest standardised mean difference of scores between any two groups, over the pooled standard deviation of
 * those two. p by analysis of variance (equalMeansP). `groups` has the group of the higher mean first.
 */
export function smd(groups: readonly Group[], options?: DisparityOptions): Disparity {
	const { included, excluded } = scoreSamples(groups, options)
	if (included.length < 2) return fewerThanTwo(excluded)
	const { low, high } = largestDifference(included, ({ mean }) => mean, around)
	let best = { value: Number.NEGATIVE_INFINITY, groups: ['', ''] as [string, string] }
	for (const a of included)
		for (const b of included) {
			const value = standardised(a, b)
			if (a !== b && value > best.value) best = { value, groups: [a.group, b.group] }
		}
	return { ...best, low, high, p: equalMeansP(included), excluded }
}

/** The largest difference between two groups of their mean scores; the group of the higher mean comes first. */
export function meanScoreDifference(groups: readonly Group[], options?: DisparityOptions): Disparity {
	const { included, excluded } = scoreSamples(groups, options)
	if (included.length < 2) return fewerThanTwo(excluded)
	const { value, low, high, top, bottom } = largestDifference(
		included,
		({ mean }) => mean,
		(a, b, z) => {
			const half = z * Math.sqrt(varianceOfDifference(a, b))
			return { low: a.mean - b.mean - half, high: a.mean - b.mean + half }
		},
	)
	return { value, low, high, p: equalMeansP(included), groups: [top.group, bottom.group], excluded }
}
