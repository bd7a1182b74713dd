import { requirePair } from './counts.ts'

const maxTerms = 101

/** P(K >= x) for Kolmogorov's distribution: the alternating series, or its theta transform below 1 where that converges faster. */
export function kolmogorovTail(x: number): number {
	if (!(x >= 0)) throw new RangeError('kolmogorovTail needs x >= 0')
	if (x < 0.1) return 1
	if (x < 1) {
		let sum = 0
		for (let k = 1; k < maxTerms; k += 2) sum += Math.exp((-k * k * Math.PI * Math.PI) / (8 * x * x))
		return Math.min(1, Math.max(0, 1 - (Math.sqrt(2 * Math.PI) / x) * sum))
	}
	let sum = 0
	for (let k = 1; k < maxTerms; k++) {
		const term = Math.exp(-2 * k * k * x * x)
		sum += k % 2 === 1 ? term : -term
		if (term < 1e-20) break
	}
	return Math.min(1, Math.max(0, 2 * sum))
}

/**
 * Two-sample p of a distance, n and m rows, by Kolmogorov's limit distribution (scipy.stats.kstwobign.sf at distance *
 * sqrt(nm / (n + m))). In the tail it errs on the safe side: up to five times the exact p at n = m = 100, less with more
 * rows; and with ties or cells the distance can only be smaller than that of the values.
 */
export const kolmogorovSmirnovP = (distance: number, n: number, m: number): number =>
	kolmogorovTail(distance * Math.sqrt((n * m) / (n + m)))

/** The largest distance between the two distribution functions at the borders of ordered cells, in [0, 1]. */
export function kolmogorovSmirnov(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	const { n, m } = requirePair(reference, current)
	let [a, b, largest] = [0, 0, 0]
	for (let i = 0; i < reference.length; i++) {
		a += reference[i] as number
		b += current[i] as number
		largest = Math.max(largest, Math.abs(a / n - b / m))
	}
	return largest
}
