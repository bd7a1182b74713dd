import { fTail } from './f.ts'

/** P(T >= t) of Student's distribution; `df` need not be whole (scipy.stats.t.sf). */
export const studentTail = (t: number, df: number): number =>
	t >= 0 ? fTail(t * t, 1, df) / 2 : 1 - fTail(t * t, 1, df) / 2

/** The t with P(T >= t) = p, 0 < p < 0.5, by bisection (scipy.stats.t.isf). */
export function studentUpperQuantile(p: number, df: number): number {
	if (!(p > 0 && p < 0.5 && df > 0)) throw new RangeError('a quantile needs 0 < p < 0.5 and df > 0')
	let [low, high] = [0, 2]
	while (studentTail(high, df) > p) high *= 2
	for (let i = 0; i < 80 && high - low > 1e-14 * high; i++) {
		const middle = (low + high) / 2
		if (studentTail(middle, df) > p) low = middle
		else high = middle
	}
	return (low + high) / 2
}

/** Number, mean and variance (n - 1) of a sample. */
export type Moments = { n: number; mean: number; variance: number }

export function momentsOf(n: number, sum: number, squares: number): Moments {
	return {
		n,
		mean: sum / n,
		variance: n > 1 ? Math.max(0, (squares - (sum * sum) / n) / (n - 1)) : Number.NaN,
	}
}

/** Welch's test that the mean of `a` is greater (scipy.stats.ttest_ind(equal_var=False, alternative="greater")). NaN of constant samples. */
export function welchGreater(a: Moments, b: Moments): number {
	const [partA, partB] = [a.variance / a.n, b.variance / b.n]
	const square = partA + partB
	if (!(square > 0)) return Number.NaN
	const df = (square * square) / ((partA * partA) / (a.n - 1) + (partB * partB) / (b.n - 1))
	return studentTail((a.mean - b.mean) / Math.sqrt(square), df)
}
