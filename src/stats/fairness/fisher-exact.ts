import { logGamma } from '../distributions/gamma.ts'
import type { Share } from './rates.ts'

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
	const least = Math.max(0, successes - b.n)
	const most = Math.min(a.n, successes)
	if (least === most) return 1
	const base = logChoose(rows, successes)
	const chance = (x: number) => Math.exp(logChoose(a.n, x) + logChoose(b.n, successes - x) - base)
	const seen = chance(a.successes) * tie
	const mode = Math.floor(((a.n + 1) * (successes + 1)) / (rows + 2))
	const walk = (from: number, by: 1 | -1): number => {
		let sum = 0
		for (let x = from; x >= least && x <= most; x += by) {
			const p = chance(x)
			if (p <= seen) sum += p
			// Beyond the mode the terms only fall.
			if (p < seen * 1e-17 || p === 0) break
		}
		return sum
	}
	return Math.min(1, walk(mode, 1) + walk(mode - 1, -1))
}
