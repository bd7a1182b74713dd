/**
 * Benjamini-Hochberg adjusted p-values (q), in the order given: reject q <= alpha and the expected share of false
 * rejections is at most alpha (Benjamini and Hochberg 1995; scipy.stats.false_discovery_control). NaN stays NaN and
 * does not count as a test.
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
	const order = p
		.map((value, i) => ({ value, i }))
		.filter(({ value }) => !Number.isNaN(value))
		.sort((a, b) => b.value - a.value)
	const q = p.map(() => Number.NaN)
	const tests = order.length
	let min = 1
	order.forEach(({ value, i }, fromTop) => {
		// In this order no rounding puts a q below its p.
		min = Math.min(min, value * (tests / (tests - fromTop)))
		q[i] = min
	})
	return q
}

/**
 * Holm's adjusted p-values, in the order given: reject adjusted <= alpha and any false rejection at all has at most
 * chance alpha (Holm 1979; statsmodels multipletests(method="holm")). NaN stays NaN but counts as a test.
 */
export function holm(p: readonly number[]): number[] {
	const order = p
		.map((value, i) => ({ value, i }))
		.filter(({ value }) => !Number.isNaN(value))
		.sort((a, b) => a.value - b.value)
	const adjusted = p.map(() => Number.NaN)
	let max = 0
	order.forEach(({ value, i }, place) => {
		max = Math.max(max, Math.min(1, value * (p.length - place)))
		adjusted[i] = max
	})
	return adjusted
}
