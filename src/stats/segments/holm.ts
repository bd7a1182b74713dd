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
	let most = 0
	order.forEach(({ value, i }, place) => {
		most = Math.max(most, Math.min(1, value * (p.length - place)))
		adjusted[i] = most
	})
	return adjusted
}
