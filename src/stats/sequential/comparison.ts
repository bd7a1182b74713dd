import type { Estimate } from '../estimate.ts'
import { type Bounds, boundedSequence } from './bounded.ts'
import { growLosses, type LossSums } from './loss-sums.ts'
import type { SequenceOptions } from './options.ts'

/**
 * A challenger against the champion, as stored sums: gains of pairs or of matched blocks, above 0 where the challenger is
 * better, all within bounds that were known before them. `outcomes`: rows that they come from, where these are more.
 */
export type Comparison = { gains: LossSums; bounds: Bounds; outcomes?: number }

/** The mean gain, valid at every look. */
export const gainSequence = ({ gains, bounds }: Comparison, options: SequenceOptions = {}): Estimate =>
	boundedSequence(gains, bounds, options)

export const outcomesOf = ({ gains, outcomes }: Comparison): number => outcomes ?? gains.n

const grown = (comparison: Comparison, factor: number): Comparison => ({
	...comparison,
	gains: growLosses(comparison.gains, factor),
})

export type Projection = { moreOutcomes: number; reason?: never } | { moreOutcomes: null; reason: string }

/** A projection to more than this many times the outcomes so far says nothing. */
const farthest = 1000

/**
 * Further outcomes until the sequence leaves `threshold` out, should mean and variance stay as they are; 0 when it does
 * already. Null with a reason while there is no spread to go by, or when the gain is too near the threshold.
 */
export function projectOutcomes(
	comparison: Comparison,
	threshold: number,
	options: SequenceOptions = {},
): Projection {
	const excludes = (factor: number) => {
		const { low, high } = gainSequence(grown(comparison, factor), options)
		return low > threshold || high < threshold
	}
	const seen = outcomesOf(comparison)
	if (Number.isNaN(gainSequence(comparison, options).value))
		return { moreOutcomes: null, reason: 'no outcomes yet' }
	if (excludes(1)) return { moreOutcomes: 0 }
	let [within, beyond] = [1, 2]
	while (!excludes(beyond)) {
		if (beyond > farthest)
			return { moreOutcomes: null, reason: 'the gain so far is too near the margin to project from' }
		within = beyond
		beyond *= 2
	}
	while ((beyond - within) * seen > 0.5) {
		const middle = (within + beyond) / 2
		if (excludes(middle)) beyond = middle
		else within = middle
	}
	return { moreOutcomes: Math.ceil((beyond - 1) * seen) }
}
