import { requirePair } from './counts.ts'

// Half a row in every bin that either side uses: the logarithm stays finite, and the added bias is below 1/n.
const smoothing = 0.5

/** The number of bins that at least one side uses. */
export const usedBins = (reference: ArrayLike<number>, current: ArrayLike<number>): number => {
	let used = 0
	for (let i = 0; i < reference.length; i++)
		if ((reference[i] as number) > 0 || (current[i] as number) > 0) used++
	return used
}

/**
 * Population stability index over bins: the sum of (q - p) ln(q / p), with half a row added to every used bin of both
 * sides. It is the symmetric Kullback-Leibler divergence (Jeffreys 1946; Siddiqi, "Credit Risk Scorecards", 2006).
 * Throws RangeError for counts of different lengths or without rows.
 */
export function psi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	const { n, m } = requirePair(reference, current)
	const added = smoothing * usedBins(reference, current)
	let sum = 0
	for (let i = 0; i < reference.length; i++) {
		const [a, b] = [reference[i] as number, current[i] as number]
		if (a === 0 && b === 0) continue
		const p = (a + smoothing) / (n + added)
		const q = (b + smoothing) / (m + added)
		sum += (q - p) * Math.log(q / p)
	}
	return sum
}

/**
 * PSI less its expectation when nothing has changed, (B - 1)(1/n + 1/m) for B used bins (Yurdakul and Naranjo,
 * "Statistical properties of the population stability index", 2020). Not below 0.
 */
export function biasCorrectedPsi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	const { n, m } = requirePair(reference, current)
	const expected = (usedBins(reference, current) - 1) * (1 / n + 1 / m)
	return Math.max(0, psi(reference, current) - expected)
}

/** Calls back with the two proportions of every bin that is not empty on both sides. */
export function eachBin(
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
	visit: (p: number, q: number) => void,
): void {
	const { n, m } = requirePair(reference, current)
	for (let i = 0; i < reference.length; i++) {
		const [a, b] = [reference[i] as number, current[i] as number]
		if (a > 0 || b > 0) visit(a / n, b / m)
	}
}

/** Hellinger distance, in [0, 1]: sqrt(1/2 sum of (sqrt p - sqrt q)^2). */
export function hellinger(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let sum = 0
	eachBin(reference, current, (p, q) => {
		sum += (Math.sqrt(p) - Math.sqrt(q)) ** 2
	})
	return Math.sqrt(Math.min(1, sum / 2))
}

const term = (p: number, mid: number) => (p === 0 ? 0 : p * Math.log2(p / mid))

/** Jensen-Shannon distance, base 2: the square root of the divergence, in [0, 1] (as scipy.spatial.distance.jensenshannon with base=2). */
export function jensenShannon(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let divergence = 0
	eachBin(reference, current, (p, q) => {
		const mid = (p + q) / 2
		divergence += (term(p, mid) + term(q, mid)) / 2
	})
	return Math.sqrt(Math.min(1, Math.max(0, divergence)))
}

/** Total variation distance, in [0, 1]: half the sum of |p - q|. */
export function totalVariation(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let sum = 0
	eachBin(reference, current, (p, q) => {
		sum += Math.abs(p - q)
	})
	return Math.min(1, sum / 2)
}

/** The largest |p - q| of a bin (L-infinity), in [0, 1]. */
export function largestDifference(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let largest = 0
	eachBin(reference, current, (p, q) => {
		largest = Math.max(largest, Math.abs(p - q))
	})
	return largest
}

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
 * sqrt(nm / (n + m))). In the tail it is conservative: up to five times the exact p at n = m = 100, less with more rows.
 * With ties or bins, the distance can only be smaller than that of the values.
 */
export const kolmogorovSmirnovP = (distance: number, n: number, m: number): number =>
	kolmogorovTail(distance * Math.sqrt((n * m) / (n + m)))

/** The largest distance between the two distribution functions at the borders of ordered bins, in [0, 1]. */
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

/**
 * Wasserstein-1 distance from counts of ordered bins with finite borders: the area between the two distribution functions,
 * each linear within a bin. `borders` has one more entry than there are bins; a bin of zero width holds a single value.
 * In units of the borders.
 */
export function wassersteinFromBins(
	borders: ArrayLike<number>,
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): number {
	if (borders.length !== reference.length + 1) throw new RangeError('k bins need k + 1 borders')
	const { n, m } = requirePair(reference, current)
	let area = 0
	let left = 0
	for (let i = 0; i < reference.length; i++) {
		const right = left + (current[i] as number) / m - (reference[i] as number) / n
		const width = (borders[i + 1] as number) - (borders[i] as number)
		area += width * meanAbsolute(left, right)
		left = right
	}
	return area
}

/** The mean of |f| for a straight line from `left` to `right`. */
function meanAbsolute(left: number, right: number): number {
	if (left * right >= 0) return (Math.abs(left) + Math.abs(right)) / 2
	return (left * left + right * right) / (2 * (Math.abs(left) + Math.abs(right)))
}

/** Wasserstein-1 distance of two distributions on points: `points` ascending, a count each (scipy.stats.wasserstein_distance). */
export function wassersteinOfPoints(
	points: ArrayLike<number>,
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): number {
	if (points.length !== reference.length) throw new RangeError('there must be one point per count')
	const { n, m } = requirePair(reference, current)
	let area = 0
	let difference = 0
	for (let i = 0; i + 1 < points.length; i++) {
		difference += (current[i] as number) / m - (reference[i] as number) / n
		area += Math.abs(difference) * ((points[i + 1] as number) - (points[i] as number))
	}
	return area
}
