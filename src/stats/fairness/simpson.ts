import { z95 } from '../distributions.ts'
import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { Share } from './rates.ts'
import { newcombe } from './shares.ts'

/** Selected of decided rows, of the two groups that are compared. */
export type TwoGroups = { a: Share; b: Share }

export type Simpson = {
	/** 'reversed': both differences are significant, of opposite sign. 'explained': only the overall one is, and within segments none is left. */
	verdict: 'reversed' | 'explained' | 'none'
	reason: string
	/** a less b over all rows, and pooled within segments. */
	overall: Estimate
	within: Estimate
	/** Segments with rows of both groups: the others show no difference within. */
	segments: number
}

/**
 * The risk difference a - b within segments, pooled by Mantel and Haenszel's weights, with the 95% interval of Sato's
 * variance (1989), which holds for few large and for many sparse segments alike.
 */
export function mantelHaenszelDifference(segments: readonly TwoGroups[]): Estimate {
	let [sum, weights, p, q] = [0, 0, 0, 0]
	for (const { a, b } of segments) {
		const rows = a.n + b.n
		if (a.n === 0 || b.n === 0) continue
		const [x, y] = [a.successes, b.successes]
		sum += (x * b.n - y * a.n) / rows
		weights += (a.n * b.n) / rows
		p += (a.n * a.n * y - b.n * b.n * x + (a.n * b.n * (b.n - a.n)) / 2) / (rows * rows)
		q += (x * (b.n - y) + y * (a.n - x)) / (2 * rows)
	}
	if (weights === 0) return undefinedEstimate
	const value = sum / weights
	const half = (z95 * Math.sqrt(Math.max(0, value * p + q))) / weights
	return { value, low: Math.max(-1, value - half), high: Math.min(1, value + half) }
}

const sign = ({ low, high }: Estimate) => (low > 0 ? 1 : high < 0 ? -1 : 0)

const defaultMargin = 0.02

/**
 * Simpson's paradox in the selection rates of two groups: does the difference of all rows turn round, or vanish, when
 * like is compared with like in `bySegment`? Significant means that the 95% interval leaves out 0. Vanished means that
 * the interval within segments lies inside +-`margin` (2 points by default) and inside half the overall difference.
 */
export function simpson(
	overall: TwoGroups,
	bySegment: readonly TwoGroups[],
	margin = defaultMargin,
): Simpson {
	const all = differenceOf(overall)
	const within = mantelHaenszelDifference(bySegment)
	const segments = bySegment.filter(({ a, b }) => a.n > 0 && b.n > 0).length
	const result = (verdict: Simpson['verdict'], reason: string): Simpson => ({
		verdict,
		reason,
		overall: all,
		within,
		segments,
	})
	if (segments === 0) return result('none', 'no segment has rows of both groups')
	if (sign(all) === 0) return result('none', 'the overall difference is not significant')
	if (sign(within) === -sign(all))
		return result('reversed', 'the difference within segments is significant and of the opposite sign')
	const bound = Math.min(margin, Math.abs(all.value) / 2)
	if (Math.max(Math.abs(within.low), Math.abs(within.high)) <= bound)
		return result('explained', `within segments the difference is within ${bound.toPrecision(2)} of none`)
	return result('none', 'the difference within segments does not contradict the overall one')
}

function differenceOf({ a, b }: TwoGroups): Estimate {
	if (a.n === 0 || b.n === 0) return undefinedEstimate
	return { value: a.successes / a.n - b.successes / b.n, ...newcombe(a, b) }
}
