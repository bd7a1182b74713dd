import { fTail } from './f.ts'

const share = 0.05
// Rows less one, nearly always: few windows have a number of their own.
const kept = new Map<number, number>()
const maxKept = 10_000

const z95 = 1.959963984540054

/** The t with P(|T| >= t) = 5%, Student's distribution with `df` degrees of freedom, which need not be whole (scipy.stats.t.isf(.025, df)). */
export function tQuantile95(df: number): number {
	if (!(df > 0)) throw new RangeError('tQuantile95 needs df > 0')
	// The first term of the expansion in 1/df; the next is below 1e-10 here.
	if (df > 1e5) return z95 + (z95 ** 3 + z95) / (4 * df)
	const known = kept.get(df)
	if (known !== undefined) return known
	let low = 1
	let high = 2
	while (fTail(high * high, 1, df) > share) high *= 2
	for (let i = 0; i < 60 && high - low > 1e-13 * high; i++) {
		const middle = (low + high) / 2
		if (fTail(middle * middle, 1, df) > share) low = middle
		else high = middle
	}
	if (kept.size >= maxKept) kept.clear()
	kept.set(df, (low + high) / 2)
	return (low + high) / 2
}
