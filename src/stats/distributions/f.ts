import { logGamma } from './gamma.ts'

const tiny = 1e-300
const maxSteps = 10_000

/**
 * P(F >= f) for Fisher and Snedecor's distribution with `df1` and `df2` degrees of freedom, which need not be whole
 * (scipy.stats.f.sf): the regularised incomplete beta function at df2 / (df2 + df1 f).
 */
export function fTail(f: number, df1: number, df2: number): number {
	if (!(f >= 0 && df1 > 0 && df2 > 0)) throw new RangeError('fTail needs f >= 0 and degrees of freedom > 0')
	if (f === 0) return 1
	if (f === Number.POSITIVE_INFINITY) return 0
	const x = (df1 * f) / df2
	return incompleteBeta(1 / (1 + x), x / (1 + x), df2 / 2, df1 / 2)
}

/** I_x(a, b) with y = 1 - x, by the continued fraction on the side where it converges (Numerical Recipes, 6.4). */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
	if (x <= 0) return 0
	if (y <= 0) return 1
	const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y))
	if (x < (a + 1) / (a + b + 2)) return (front * fraction(x, a, b)) / a
	return 1 - (front * fraction(y, b, a)) / b
}

function fraction(x: number, a: number, b: number): number {
	let c = 1
	let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
	let h = d
	const step = (term: number) => {
		d = 1 / nonZero(1 + term * d)
		c = nonZero(1 + term / c)
		h *= c * d
		return Math.abs(c * d - 1) < 1e-15
	}
	for (let m = 1; m < maxSteps; m++) {
		step((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)))
		if (step((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)))) break
	}
	return h
}

const nonZero = (x: number) => (Math.abs(x) < tiny ? tiny : x)
