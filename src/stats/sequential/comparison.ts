import type { Estimate } from '../estimate.ts'
import { type Bounds, boundedDifference, boundedSequence } from './bounded.ts'
import { growLosses, type LossSums } from './loss-sums.ts'
import type { SequenceOptions } from './options.ts'
import { differenceSequence, meanSequence } from './t-mixture.ts'

/**
 * A challenger against the champion, as stored sums. Paired: both scored the same rows, and `gains` are champion's loss
 * less challenger's. Split: each scored rows of its own. `bounds`, where every gain (paired) or loss (split) lies in them,
 * make the sequence exact; without, it is asymptotic.
 */
export type Comparison =
	| { design: 'paired'; gains: LossSums; bounds?: Bounds }
	| { design: 'split'; champion: LossSums; challenger: LossSums; bounds?: Bounds }

/** The mean gain, champion's loss less challenger's (positive: the challenger is better), valid at every look. */
export function gainSequence(comparison: Comparison, options: SequenceOptions = {}): Estimate {
	const { bounds } = comparison
	if (comparison.design === 'paired')
		return bounds
			? boundedSequence(comparison.gains, bounds, options)
			: meanSequence(comparison.gains, options)
	const { champion, challenger } = comparison
	return bounds
		? boundedDifference(champion, challenger, bounds, options)
		: differenceSequence(champion, challenger, options)
}

/** Outcomes seen, of both arms together where traffic is split. */
export const outcomesOf = (comparison: Comparison): number =>
	comparison.design === 'paired' ? comparison.gains.n : comparison.champion.n + comparison.challenger.n

const grown = (comparison: Comparison, factor: number): Comparison =>
	comparison.design === 'paired'
		? { ...comparison, gains: growLosses(comparison.gains, factor) }
		: {
				...comparison,
				champion: growLosses(comparison.champion, factor),
				challenger: growLosses(comparison.challenger, factor),
			}

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
