import type { TreeEnsemble } from '../trees/ensemble.ts'
import type { Paths } from './paths.ts'

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

/** More points do not change the 15th digit: integrands are products of factors between 0 and 1. */
const maxPoints = 24

/** Points that one pass over a tree processes together, in registers. */
const lanes = 4

/** Prepared once a model: the points of each tree, and memory for the largest tree. */
type QuadraturePlan = {
	e: TreeEnsemble
	paths: Paths
	/** Points by tree. */
	points: Uint8Array
	/** By number of points: points and weights alternately, padded to whole passes with points of weight 0. */
	rules: readonly Float64Array[]
	/** The factor of the leaves, by output. */
	scale: Float64Array
	on: Uint8Array
	down: Float64Array
	up: Float64Array
}

function ruleOf(n: number): Float64Array {
	const { points, weights } = gaussLegendre(n)
	const rule = new Float64Array(Math.ceil(n / lanes) * lanes * 2)
	for (let q = 0; q < rule.length / 2; q++) {
		rule[2 * q] = points[q] ?? 0.5
		rule[2 * q + 1] = weights[q] ?? 0
	}
	return rule
}

export function planQuadrature(e: TreeEnsemble, paths: Paths, scale: Float64Array): QuadraturePlan {
	const points = new Uint8Array(e.trees)
	let [largest, maxRule] = [1, 1]
	for (let tree = 0; tree < e.trees; tree++) {
		const [from, to] = [e.roots[tree] as number, e.roots[tree + 1] as number]
		let unique = 1
		for (let node = from; node < to; node++) unique = Math.max(unique, paths.unique[node] as number)
		// The integrand of a leaf has one factor a feature but one: n points are exact up to degree 2n - 1.
		points[tree] = Math.min(maxPoints, Math.ceil(unique / 2))
		maxRule = Math.max(maxRule, points[tree] as number)
		largest = Math.max(largest, to - from)
	}
	const rules = Array.from({ length: maxRule + 1 }, (_, n) => ruleOf(Math.max(1, n)))
	const [down, up] = [new Float64Array(largest * lanes), new Float64Array(largest * lanes)]
	return { e, paths, points, rules, scale, on: new Uint8Array(largest), down, up }
}

/**
 * Adds one tree's Shapley values to `out` (by column, from `offset`). A leaf v whose path has features with covered
 * share z and satisfied o (0 or 1) gives feature i
 *
 *     v (o_i - z_i) * integral over t in (0, 1) of the product over j != i of ((1 - t) z_j + t o_j),
 *
 * since the Shapley weights |S|! (k - |S| - 1)! / k! are Beta integrals (Quadrature TreeSHAP, arXiv 2605.04497). One pass
 * down multiplies the factors at a few points t, one pass up sums the leaves and divides each feature's own factor out.
 * Dividing is safe: a satisfied factor is at least t, and an unsatisfied one leaves -1 / (1 - t), whatever its z.
 */
export function addIntegrated(
	plan: QuadraturePlan,
	tree: number,
	decisions: Uint8Array,
	out: Float64Array,
	offset: number,
): void {
	const rule = plan.rules[plan.points[tree] as number] as Float64Array
	for (let first = 0; first < rule.length; first += 2 * lanes) {
		goDown(plan, tree, decisions, rule, first)
		goUp(plan, tree, rule, first, out, offset)
	}
}

function goDown(
	plan: QuadraturePlan,
	tree: number,
	decisions: Uint8Array,
	rule: Float64Array,
	first: number,
) {
	const { e, paths, on, down, up } = plan
	const { parent, previous, share, fraction } = paths
	const { left, feature, value } = e
	const [from, to] = [e.roots[tree] as number, e.roots[tree + 1] as number]
	const [t0, t1] = [rule[first] as number, rule[first + 2] as number]
	const [t2, t3] = [rule[first + 4] as number, rule[first + 6] as number]
	const scale = plan.scale[e.treeOutput[tree] as number] as number
	for (let q = 0; q < lanes; q++) down[q] = rule[first + 2 * q + 1] as number
	for (let node = from + 1; node < to; node++) {
		const above = parent[node] as number
		const before = previous[node] as number
		const at = (node - from) * lanes
		const source = (above - from) * lanes
		const taken = ((left[above] as number) === node) === (decisions[above] === 1)
		// The factor at t is a + t b.
		let a = fraction[node] as number
		let b = taken ? 1 - a : -a
		let isOn = taken ? 1 : 0
		let g0 = down[source] as number
		let g1 = down[source + 1] as number
		let g2 = down[source + 2] as number
		let g3 = down[source + 3] as number
		if (before >= 0) {
			if (on[before - from] === 0) {
				a = share[node] as number
				b = 0
				isOn = 0
			} else {
				const y = fraction[before] as number
				g0 /= y + t0 * (1 - y)
				g1 /= y + t1 * (1 - y)
				g2 /= y + t2 * (1 - y)
				g3 /= y + t3 * (1 - y)
			}
		}
		on[node - from] = isOn
		g0 *= a + t0 * b
		g1 *= a + t1 * b
		g2 *= a + t2 * b
		g3 *= a + t3 * b
		if ((feature[node] as number) < 0) {
			const v = (value[node] as number) * scale
			up[at] = v * g0
			up[at + 1] = v * g1
			up[at + 2] = v * g2
			up[at + 3] = v * g3
		} else {
			down[at] = g0
			down[at + 1] = g1
			down[at + 2] = g2
			down[at + 3] = g3
			up[at] = 0
			up[at + 1] = 0
			up[at + 2] = 0
			up[at + 3] = 0
		}
	}
}

function goUp(
	plan: QuadraturePlan,
	tree: number,
	rule: Float64Array,
	first: number,
	out: Float64Array,
	offset: number,
) {
	const { e, paths, on, up } = plan
	const { parent, previous, fraction } = paths
	const { feature } = e
	const [from, to] = [e.roots[tree] as number, e.roots[tree + 1] as number]
	const [t0, t1] = [rule[first] as number, rule[first + 2] as number]
	const [t2, t3] = [rule[first + 4] as number, rule[first + 6] as number]
	const [u0, u1, u2, u3] = [1 / (1 - t0), 1 / (1 - t1), 1 / (1 - t2), 1 / (1 - t3)]
	for (let node = to - 1; node > from; node--) {
		const above = parent[node] as number
		const before = previous[node] as number
		const at = (node - from) * lanes
		const target = (above - from) * lanes
		const h0 = up[at] as number
		const h1 = up[at + 1] as number
		const h2 = up[at + 2] as number
		const h3 = up[at + 3] as number
		up[target] = (up[target] as number) + h0
		up[target + 1] = (up[target + 1] as number) + h1
		up[target + 2] = (up[target + 2] as number) + h2
		up[target + 3] = (up[target + 3] as number) + h3
		let sum = 0
		if (on[node - from] === 1) {
			const z = fraction[node] as number
			const y = 1 - z
			sum = y * (h0 / (z + t0 * y) + h1 / (z + t1 * y) + h2 / (z + t2 * y) + h3 / (z + t3 * y))
		} else {
			if (before >= 0 && on[before - from] === 0) continue
			sum = -(h0 * u0 + h1 * u1 + h2 * u2 + h3 * u3)
		}
		// The previous edge of the feature will add these leaves too: subtract them here.
		if (before >= 0) {
			const z = fraction[before] as number
			const y = 1 - z
			sum -= y * (h0 / (z + t0 * y) + h1 / (z + t1 * y) + h2 / (z + t2 * y) + h3 / (z + t3 * y))
		}
		const column = offset + (feature[above] as number)
		out[column] = (out[column] as number) + sum
	}
}
