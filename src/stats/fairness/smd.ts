import { type Disparity, type DisparityOptions, defaultMinGroup, enough, fewerThanTwo } from './disparity.ts'
import type { Group } from './group-counts.ts'
import { largestDifference } from './largest-difference.ts'
import { equalMeansP, pooledVariance, type Sample, sampleOf, varianceOfDifference } from './means.ts'
import type { Interval } from './two-shares.ts'

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
