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
export function koopman(a: Share, b: Share, z = z95): Interval {
	const [p, q] = [a.successes / a.n, b.successes / b.n]
	if (p === 0 && q === 0) return { low: 0, high: Number.POSITIVE_INFINITY }
	return {
		low: p === 0 ? 0 : 1 / upperEnd(b, a, q / p, z),
		high: q === 0 ? Number.POSITIVE_INFINITY : upperEnd(a, b, p / q, z),
	}
}

/** The ratio above `estimate` at which the statistic reaches z squared, by bisection of its logarithm. */
function upperEnd(a: Share, b: Share, estimate: number, z: number): number {
	let low = estimate > 0 ? estimate : 1 / (2 * a.n)
	if (estimate === 0) while (scoreStatistic(a, b, low) > z * z) low /= 2
	let high = 2 * low
	while (scoreStatistic(a, b, high) < z * z) high *= 2
	for (let i = 0; i < 60 && high / low > 1 + 1e-14; i++) {
		const middle = Math.sqrt(low * high)
		if (scoreStatistic(a, b, middle) < z * z) low = middle
		else high = middle
	}
	return Math.sqrt(low * high)
}
