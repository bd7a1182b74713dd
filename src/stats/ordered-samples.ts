/** Two-sample Kolmogorov-Smirnov distance of ascending samples, ties taken together (scipy.stats.ks_2samp statistic). */
export function sampleDistance(a: Float64Array, b: Float64Array): number {
	let [i, j, largest] = [0, 0, 0]
	while (i < a.length && j < b.length) {
		const x = Math.min(a[i] as number, b[j] as number)
		while (i < a.length && (a[i] as number) <= x) i++
		while (j < b.length && (b[j] as number) <= x) j++
		largest = Math.max(largest, Math.abs(i / a.length - j / b.length))
	}
	return largest
}

/** The most frequent value of an ascending sample, and its share. */
export function modeOf(sorted: Float64Array): { value: number; share: number } {
	let [value, max, from] = [Number.NaN, 0, 0]
	for (let i = 1; i <= sorted.length; i++) {
		if (i < sorted.length && sorted[i] === sorted[from]) continue
		if (i - from > max) [value, max] = [sorted[from] as number, i - from]
		from = i
	}
	return { value, share: sorted.length === 0 ? 0 : max / sorted.length }
}

/** The share of an ascending sample that equals x. */
export function shareAt(sorted: Float64Array, x: number): number {
	const first = sorted.findIndex((v) => v >= x)
	if (first === -1 || sorted[first] !== x) return 0
	const next = sorted.findIndex((v) => v > x)
	return ((next === -1 ? sorted.length : next) - first) / sorted.length
}
