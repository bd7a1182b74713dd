import { chiSquareTail } from '../chi-square.ts'
import { total } from '../counts.ts'
import { logGamma, z95 } from '../distributions.ts'
import { wilson } from '../estimate.ts'
import type { Share } from './rates.ts'

export type Interval = { low: number; high: number }

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

/** One end alone, at half the cost. */
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

// As in SciPy: tables as likely as the one seen, but for rounding, count as such.
const tie = 1 + 1e-7

const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)

/**
 * Fisher's exact test that two shares are equal, two-sided: the probability of all tables with these margins that are
 * no likelier than the one seen (scipy.stats.fisher_exact).
 */
export function fisherExact(a: Share, b: Share): number {
	const successes = a.successes + b.successes
	const rows = a.n + b.n
	const min = Math.max(0, successes - b.n)
	const max = Math.min(a.n, successes)
	if (min === max) return 1
	const base = logChoose(rows, successes)
	const chance = (x: number) => Math.exp(logChoose(a.n, x) + logChoose(b.n, successes - x) - base)
	const seen = chance(a.successes) * tie
	const mode = Math.floor(((a.n + 1) * (successes + 1)) / (rows + 2))
	const walk = (from: number, by: 1 | -1): number => {
		let sum = 0
		for (let x = from; x >= min && x <= max; x += by) {
			const p = chance(x)
			if (p <= seen) sum += p
			// Beyond the mode the terms only fall.
			if (p < seen * 1e-17 || p === 0) break
		}
		return sum
	}
	return Math.min(1, walk(mode, 1) + walk(mode - 1, -1))
}

// With fewer expected rows, the chi-square distribution is not reliable (Cochran 1954).
const minExpected = 5
// With more rows the two tests agree, and the exact one is slow.
const maxExactRows = 1_000_000

/**
 * p of the hypothesis that all groups have one share. Two groups: Fisher's exact test, since chi-square exceeds its
 * 5% even with 100 rows each. More: Pearson's chi-square of the 2 x k table while every cell expects at least 5, else
 * Fisher's of each group against the rest, with Bonferroni's factor k. NaN for fewer than two. Every group has rows.
 */
export function equalSharesP(shares: readonly Share[]): number {
	if (shares.length < 2) return Number.NaN
	const rows = total(shares.map(({ n }) => n))
	const successes = total(shares.map((share) => share.successes))
	if (successes === 0 || successes === rows) return 1
	const [a, b] = shares
	if (a && b && shares.length === 2 && rows <= maxExactRows) return fisherExact(a, b)
	const rate = successes / rows
	const smallest = Math.min(...shares.map(({ n }) => n)) * Math.min(rate, 1 - rate)
	return smallest < minExpected ? eachAgainstRest(shares, successes, rows) : pearson(shares, rate)
}

function pearson(shares: readonly Share[], rate: number): number {
	const terms = shares.map(({ successes, n }) => (successes - n * rate) ** 2 / (n * rate * (1 - rate)))
	return chiSquareTail(total(terms), shares.length - 1)
}

function eachAgainstRest(shares: readonly Share[], successes: number, rows: number): number {
	const p = shares.map((share) =>
		fisherExact(share, { successes: successes - share.successes, n: rows - share.n }),
	)
	return Math.min(1, Math.min(...p) * shares.length)
}
