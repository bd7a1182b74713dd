import { chiSquareTail } from '../chi-square.ts'
import { total } from '../counts.ts'
import { fisherExact } from './fisher-exact.ts'
import type { Share } from './rates.ts'

// Below this the chi-square distribution is not trusted (Cochran 1954).
const minExpected = 5
// Beyond this the two tests agree, and the exact one grows slow.
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
