import { gammaln, probit } from 'simple-statistics'

/** The z with P(|Z| >= z) = 5% of the standard normal distribution. */
export const z95 = 1.959963984540054

const epsilon = 1e-16
const tiny = 1e-300
const maxGammaSteps = 1_000_000

/**
 * Upper regularised incomplete gamma function Q(a, x), a > 0, x >= 0: the series below x = a + 1, Lentz's continued
 * fraction above (Numerical Recipes, 6.2). Relative error about 1e-13.
 */
export function upperGamma(a: number, x: number): number {
	if (!(a > 0) || !(x >= 0)) throw new RangeError('upperGamma needs a > 0 and x >= 0')
	if (x === 0) return 1
	if (x === Number.POSITIVE_INFINITY) return 0
	const scale = gammaDensity(a, x)
	return x < a + 1 ? 1 - scale * gammaSeries(a, x) : scale * gammaFraction(a, x)
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

/** Used by the tail of the normal distribution. */
const logGammaOfHalf = logGamma(0.5)

/** x^a exp(-x) / gamma(a); for large a by Stirling's series, since the terms of its logarithm would cancel. */
function gammaDensity(a: number, x: number): number {
	if (a < 15) return Math.exp(a * Math.log(x) - x - (a === 0.5 ? logGammaOfHalf : logGamma(a)))
	const excess = (x - a) / a
	const s = 1 / (a * a)
	const stirling = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / a
	return Math.sqrt(a / (2 * Math.PI)) * Math.exp(a * (Math.log1p(excess) - excess) - stirling)
}

function gammaSeries(a: number, x: number): number {
	let term = 1 / a
	let sum = term
	for (let n = 1; n < maxGammaSteps; n++) {
		term *= x / (a + n)
		sum += term
		if (Math.abs(term) < Math.abs(sum) * epsilon) break
	}
	return sum
}

function gammaFraction(a: number, x: number): number {
	let b = x + 1 - a
	let c = 1 / tiny
	let d = 1 / b
	let h = d
	for (let i = 1; i < maxGammaSteps; i++) {
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

/** P(Z >= z) of the standard normal distribution, from the incomplete gamma function: 1e-13 relative for z >= 0. */
export const normalTail = (z: number): number =>
	z >= 0 ? upperGamma(0.5, (z * z) / 2) / 2 : 1 - upperGamma(0.5, (z * z) / 2) / 2

/**
 * The z with P(Z >= z) = p, 0 < p < 1: simple-statistics' probit, good to 2e-3, made exact by Newton's steps on the
 * logarithm of the tail (scipy.stats.norm.isf).
 */
export function normalUpperQuantile(p: number): number {
	if (!(p > 0 && p < 1)) throw new RangeError('a quantile needs 0 < p < 1')
	if (p > 0.5) return -normalUpperQuantile(1 - p)
	let z = -probit(Math.max(p, 1e-12))
	for (let i = 0; i < 8; i++) {
		const tail = normalTail(z)
		const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
		z += (tail / density) * Math.log(tail / p)
	}
	return z
}

const maxBetaSteps = 10_000

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
	if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a
	return 1 - (front * betaFraction(y, b, a)) / b
}

function betaFraction(x: number, a: number, b: number): number {
	let c = 1
	let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
	let h = d
	const step = (term: number) => {
		d = 1 / nonZero(1 + term * d)
		c = nonZero(1 + term / c)
		h *= c * d
		return Math.abs(c * d - 1) < 1e-15
	}
	for (let m = 1; m < maxBetaSteps; m++) {
		step((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)))
		if (step((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)))) break
	}
	return h
}

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

const share = 0.05
// A cache by degrees of freedom: nearly always rows less one, and few windows have a size of their own.
const kept = new Map<number, number>()
const maxKept = 10_000

/** The t with P(|T| >= t) = 5%, Student's distribution with `df` degrees of freedom, which need not be whole (scipy.stats.t.isf(.025, df)). */
export function tQuantile95(df: number): number {
	if (!(df > 0)) throw new RangeError('tQuantile95 needs df > 0')
	// The first term of the expansion in 1/df: the next is below 1e-10 here.
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
