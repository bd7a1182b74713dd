import { gammaln } from 'simple-statistics'

const epsilon = 1e-16
const tiny = 1e-300
const maxSteps = 1_000_000

/**
 * Upper regularised incomplete gamma function Q(a, x), a > 0, x >= 0: the series below x = a + 1, Lentz's continued
 * fraction above (Numerical Recipes, 6.2). Relative error about 1e-13.
 */
export function upperGamma(a: number, x: number): number {
	if (!(a > 0) || !(x >= 0)) throw new RangeError('upperGamma needs a > 0 and x >= 0')
	if (x === 0) return 1
	if (x === Number.POSITIVE_INFINITY) return 0
	const scale = density(a, x)
	return x < a + 1 ? 1 - scale * series(a, x) : scale * fraction(a, x)
}

/** ln of the gamma function; simple-statistics' approximation is good to 1e-15 relative from 10 up, so smaller arguments are raised. */
export function logGamma(a: number): number {
	let product = 1
	let at = a
	while (at < 15) {
		product *= at
		at++
	}
	return gammaln(at) - Math.log(product)
}

/** What the tail of the normal distribution takes. */
const logGammaOfHalf = logGamma(0.5)

/** x^a exp(-x) / gamma(a); for large a by Stirling's series, since the terms of its logarithm would cancel. */
function density(a: number, x: number): number {
	if (a < 15) return Math.exp(a * Math.log(x) - x - (a === 0.5 ? logGammaOfHalf : logGamma(a)))
	const excess = (x - a) / a
	const s = 1 / (a * a)
	const stirling = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / a
	return Math.sqrt(a / (2 * Math.PI)) * Math.exp(a * (Math.log1p(excess) - excess) - stirling)
}

function series(a: number, x: number): number {
	let term = 1 / a
	let sum = term
	for (let n = 1; n < maxSteps; n++) {
		term *= x / (a + n)
		sum += term
		if (Math.abs(term) < Math.abs(sum) * epsilon) break
	}
	return sum
}

function fraction(a: number, x: number): number {
	let b = x + 1 - a
	let c = 1 / tiny
	let d = 1 / b
	let h = d
	for (let i = 1; i < maxSteps; i++) {
		const an = -i * (i - a)
		b += 2
		d = 1 / nonZero(an * d + b)
		c = nonZero(b + an / c)
		const delta = d * c
		h *= delta
		if (Math.abs(delta - 1) < epsilon * 10) break
	}
	return h
}

const nonZero = (x: number) => (Math.abs(x) < tiny ? tiny : x)
