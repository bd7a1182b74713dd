import { wilson } from '../wilson.ts'
import type { Share } from './rates.ts'

export type Interval = { low: number; high: number }

export const z95 = 1.959963984540054

/**
 * Interval of the difference a - b of two shares: Newcombe's hybrid score (1998, method 10), from the two Wilson
 * intervals (statsmodels confint_proportions_2indep(compare="diff", method="newcomb")).
 */
export function newcombe(a: Share, b: Share, z = z95): Interval {
	const [p, q] = [a.successes / a.n, b.successes / b.n]
	const [ofA, ofB] = [wilson(a.successes, a.n, z), wilson(b.successes, b.n, z)]
	return {
		low: p - q - Math.hypot(p - ofA.low, ofB.high - q),
		high: p - q + Math.hypot(ofA.high - p, q - ofB.low),
	}
}

/**
 * Koopman's score statistic (1984) that the ratio a / b of two shares is `ratio`, squared: the shares are estimated
 * under that ratio, so that no count is too small for it.
 */
function scoreStatistic(a: Share, b: Share, ratio: number): number {
	const rows = a.n + b.n
	const successes = a.successes + b.successes
	const half = ratio * (a.n + b.successes) + a.successes + b.n
	const q = (2 * successes) / (half + Math.sqrt(Math.max(0, half * half - 4 * rows * ratio * successes)))
	const p = ratio * q
	const excess = a.successes / a.n - (ratio * b.successes) / b.n
	if (excess === 0) return 0
	const variance = (p * (1 - p)) / a.n + (ratio * ratio * q * (1 - q)) / b.n
	return variance > 0 ? (excess * excess) / variance : Number.POSITIVE_INFINITY
}

/**
 * Interval of the ratio a / b of two shares: Koopman's score interval (statsmodels
 * confint_proportions_2indep(compare="ratio", method="score", correction=False)). From 0 when a has no successes, up
 * to infinity when b has none.
 */
export const koopman = (a: Share, b: Share, z = z95): Interval => ({
	low: koopmanLow(a, b, z),
	high: koopmanHigh(a, b, z),
})

/** One end of it alone: half of the work. */
export const koopmanLow = (a: Share, b: Share, z = z95): number =>
	a.successes === 0 ? 0 : 1 / upperEnd(b, a, z)

export const koopmanHigh = (a: Share, b: Share, z = z95): number =>
	b.successes === 0 ? Number.POSITIVE_INFINITY : upperEnd(a, b, z)

const ends = 1e-15

/**
 * The ratio above the estimate at which the statistic reaches z squared. Its root is nearly a line in the logarithm of
 * the ratio, so false position (the Illinois form, which never keeps one end for long) is there in a few steps.
 */
function upperEnd(a: Share, b: Share, z: number): number {
	const above = (t: number) => Math.sqrt(scoreStatistic(a, b, Math.exp(t))) - z
	const estimate = a.successes / a.n / (b.successes / b.n)
	let low = Math.log(estimate > 0 ? estimate : 1 / (2 * a.n))
	if (estimate === 0) while (above(low) > 0) low -= 1
	let high = low + 1
	let ofLow = above(low)
	let ofHigh = above(high)
	while (ofHigh < 0) {
		;[low, ofLow] = [high, ofHigh]
		high += 1
		ofHigh = above(high)
	}
	for (let side = 0, i = 0; i < 100 && high - low > ends * Math.max(1, Math.abs(high)); i++) {
		const step = (ofHigh * (high - low)) / (ofHigh - ofLow)
		const middle = Number.isFinite(step) && step > 0 && step < high - low ? high - step : (low + high) / 2
		const ofMiddle = above(middle)
		if (Math.abs(ofMiddle) < 1e-14) return Math.exp(middle)
		if (ofMiddle < 0) {
			;[low, ofLow] = [middle, ofMiddle]
			if (side === -1) ofHigh /= 2
			side = -1
		} else {
			;[high, ofHigh] = [middle, ofMiddle]
			if (side === 1) ofLow /= 2
			side = 1
		}
	}
	return Math.exp(high)
}
