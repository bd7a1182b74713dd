/** Points inside (0, 1) and weights that sum to 1. */
export type Rule = { points: Float64Array; weights: Float64Array }

/** The Legendre polynomial of degree n at x, and its derivative. */
function legendre(n: number, x: number): [number, number] {
	let [before, value] = [1, x]
	for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k]
	return [value, (n * (x * value - before)) / (x * x - 1)]
}

/**
 * Gauss-Legendre quadrature on (0, 1): exact for polynomials up to degree 2n - 1. Roots by Newton's method from
 * Tricomi's first guess (Numerical Recipes, section 4.6). Throws RangeError unless n >= 1.
 */
export function gaussLegendre(n: number): Rule {
	if (!(n >= 1)) throw new RangeError(`a quadrature needs a point, not ${n}`)
	const points = new Float64Array(n)
	const weights = new Float64Array(n)
	for (let i = 0; i < n; i++) {
		let x = n === 1 ? 0 : Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
		for (let step = 0; n > 1 && step < 10; step++) {
			const [value, slope] = legendre(n, x)
			x -= value / slope
		}
		const slope = n === 1 ? 1 : legendre(n, x)[1]
		points[i] = (1 - x) / 2
		weights[i] = 1 / ((1 - x * x) * slope * slope)
	}
	return { points, weights }
}
