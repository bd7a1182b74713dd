import { requirePair } from './counts.ts'
import { upperGamma } from './distributions.ts'

/** P(X >= x) for the chi-square distribution with `df` degrees of freedom. */
export const chiSquareTail = (x: number, df: number): number => (df <= 0 ? 1 : upperGamma(df / 2, x / 2))

export type Homogeneity = { statistic: number; df: number; p: number }

/**
 * Pearson's chi-square test that two samples come from one population: both sides vary, neither is taken as exact.
 * As scipy.stats.chi2_contingency(correction=False) over the cells that are used.
 */
export function chiSquareHomogeneity(reference: ArrayLike<number>, current: ArrayLike<number>): Homogeneity {
	return withTail(chiSquareOf(reference, current))
}

/** The statistic without its p. */
export const chiSquareOf = (
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): Omit<Homogeneity, 'p'> =>
	homogeneity(reference, current, (observed, expected) => (observed - expected) ** 2 / expected)

const withTail = ({ statistic, df }: Omit<Homogeneity, 'p'>): Homogeneity => ({
	statistic,
	df,
	p: chiSquareTail(Math.max(0, statistic), df),
})

/**
 * The likelihood-ratio (G) test of the same (chi2_contingency with lambda_="log-likelihood"). Each term is reduced by its
 * observed - expected, which sum to 0: otherwise large equal counts would leave rounding errors.
 */
export function gHomogeneity(reference: ArrayLike<number>, current: ArrayLike<number>): Homogeneity {
	const term = (observed: number, expected: number) => {
		if (observed === 0) return 2 * expected
		const excess = (observed - expected) / expected
		return 2 * expected * ((1 + excess) * Math.log1p(excess) - excess)
	}
	return withTail(homogeneity(reference, current, term))
}

function homogeneity(
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
	term: (observed: number, expected: number) => number,
): Omit<Homogeneity, 'p'> {
	const { n, m } = requirePair(reference, current)
	let statistic = 0
	let used = 0
	for (let i = 0; i < reference.length; i++) {
		const [a, b] = [reference[i] as number, current[i] as number]
		if (a === 0 && b === 0) continue
		used++
		const row = (a + b) / (n + m)
		statistic += term(a, n * row) + term(b, m * row)
	}
	return { statistic, df: used - 1 }
}

/**
 * Cramer's V with Bergsma's bias correction (2013), in [0, 1], for a 2 x k table. `statistic` is Pearson's over the
 * `used` cells and `rows` rows of both samples.
 */
export function cramersV(statistic: number, used: number, rows: number): number {
	if (used < 2 || rows < 2) return 0
	const phi2 = Math.max(0, statistic / rows - (used - 1) / (rows - 1))
	const r = 2 - 1 / (rows - 1)
	const k = used - (used - 1) ** 2 / (rows - 1)
	const min = Math.min(r - 1, k - 1)
	return min <= 0 ? 0 : Math.sqrt(Math.min(1, phi2 / min))
}
