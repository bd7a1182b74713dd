import { drawGamma, drawNormal } from './draws.ts'

/**
 * A symmetric positive definite matrix of half bandwidth 2, or its lower triangular root: entry (i, i - d) is at
 * 3 i + d, d in 0..2. Penalties on second differences have this form, so fits cost a few thousand operations.
 */
export type BandMatrix = Float64Array

const entry = (band: ArrayLike<number>, i: number, d: number): number =>
	i >= d ? (band[3 * i + d] as number) : 0

/** The lower triangular root L: L L' = matrix (Cholesky). */
export function rootOf(matrix: BandMatrix): BandMatrix {
	const root = new Float64Array(matrix.length)
	for (let i = 0; i < matrix.length / 3; i++) {
		const far = i >= 2 ? entry(matrix, i, 2) / entry(root, i - 2, 0) : 0
		const near = i >= 1 ? (entry(matrix, i, 1) - far * entry(root, i - 1, 1)) / entry(root, i - 1, 0) : 0
		const square = entry(matrix, i, 0) - far * far - near * near
		if (!(square > 0)) throw new RangeError('the matrix is not positive definite')
		root.set([Math.sqrt(square), near, far], 3 * i)
	}
	return root
}

/** x of L x = b. */
export function solveLower(root: ArrayLike<number>, b: Float64Array): Float64Array {
	const x = b.slice()
	for (let i = 0; i < x.length; i++) {
		const known = entry(root, i, 1) * (x[i - 1] ?? 0) + entry(root, i, 2) * (x[i - 2] ?? 0)
		x[i] = ((b[i] as number) - known) / entry(root, i, 0)
	}
	return x
}

/** x of L' x = b. */
export function solveUpper(root: ArrayLike<number>, b: Float64Array): Float64Array {
	const x = b.slice()
	const last = x.length - 1
	for (let i = last; i >= 0; i--) {
		let known = 0
		if (i + 1 <= last) known += entry(root, i + 1, 1) * (x[i + 1] as number)
		if (i + 2 <= last) known += entry(root, i + 2, 2) * (x[i + 2] as number)
		x[i] = ((b[i] as number) - known) / entry(root, i, 0)
	}
	return x
}

/** matrix times b. */
export function timesVector(matrix: BandMatrix, b: Float64Array): Float64Array {
	const product = b.map((x, i) => entry(matrix, i, 0) * x)
	for (const d of [1, 2])
		for (let i = d; i < b.length; i++) {
			product[i] = (product[i] as number) + entry(matrix, i, d) * (b[i - d] as number)
			product[i - d] = (product[i - d] as number) + entry(matrix, i, d) * (b[i] as number)
		}
	return product
}

/** ln of the determinant of the matrix whose root this is. */
export function logDeterminant(root: BandMatrix): number {
	let sum = 0
	for (let i = 0; i < root.length; i += 3) sum += 2 * Math.log(root[i] as number)
	return sum
}

const knots = 32
/** Penalties tried, from nearly straight to nearly free. */
const penalties = [1e6, 2e5, 4e4, 8e3, 1600, 320, 64, 13, 2.6]
/** A faint pull to the centre (standard deviation 10), so that one-sided data still have a fit. */
const ridge = 0.01
/** Penalties less likely than this are left out of the mixture. */
const minWeight = 0.03

/**
 * A curve over a position axis, linear between equally spaced knots and flat outside, with what is not known about it:
 * a mixture over penalties; in each part knot values are normal with mean `values` and precision root root' (see
 * BandMatrix). `between` is how much whole periods move about it. Plain arrays, so that it can be kept as JSON.
 */
export type SmoothCurve = { low: number; high: number; parts: CurvePart[]; between: Between }
/** Standard deviations of how whole periods stood above the curve, or tilted against it. */
export type Between = { level: number; tilt: number; periods: number }

export const notMeasured: Between = { level: 0, tilt: 0, periods: 0 }

export type CurvePart = { weight: number; values: number[]; root: number[] }

/** Of no rows. */
export const noCurve: SmoothCurve = { low: 0, high: 0, parts: [], between: notMeasured }

/** One cell's log likelihood at curve value eta, its slope, and its curvature turned positive. */
export type CellLikelihood = (eta: number) => { value: number; slope: number; information: number }

export type Cell = { at: number; likelihood: CellLikelihood }

/**
 * A smooth curve through the cells: penalised likelihood with second differences of the knots (P-splines, Eilers and
 * Marx 1996; here as a random walk prior, so the spread is Bayesian, Wahba 1983). Penalties are weighed by their
 * marginal likelihood (Laplace's approximation), since one chosen penalty would hide that it too was a guess.
 */
export function fitSmoothCurve(cells: readonly Cell[], centre: number): SmoothCurve {
	const at = cells.map((c) => c.at)
	const axis = { low: Math.min(...at), high: Math.max(...at) }
	const data = { cells, places: cells.map((c) => onKnots(c.at, axis)), centre }
	let values: Float64Array = new Float64Array(knots).fill(centre)
	const fits = penalties.map((penalty) => {
		const prior = priorPrecision(penalty)
		const fit = climb(data, prior, values)
		values = fit.values
		return {
			...fit,
			evidence: fit.objective + (logDeterminant(rootOf(prior)) - logDeterminant(fit.root)) / 2,
		}
	})
	return { ...axis, parts: mixtureOf(fits), between: notMeasured }
}

function mixtureOf(fits: (Fit & { evidence: number })[]): CurvePart[] {
	const best = Math.max(...fits.map((f) => f.evidence))
	const raw = fits.map((f) => ({ ...f, weight: Math.exp(f.evidence - best) }))
	const total = raw.reduce((sum, f) => sum + f.weight, 0)
	const kept = raw.filter((f) => f.weight / total >= minWeight)
	const keptTotal = kept.reduce((sum, f) => sum + f.weight, 0)
	return kept.map(({ weight, values, root }) => ({
		weight: weight / keptTotal,
		values: Array.from(values, short),
		root: Array.from(root, short),
	}))
}

/** Seven digits: far below what the data know, and half the JSON. */
const short = (x: number) => Number(x.toPrecision(7))

/** The place of a position between its two knots. */
export type KnotPosition = { knot: number; fraction: number }

export function onKnots(at: number, { low, high }: { low: number; high: number }): KnotPosition {
	const position = high > low ? Math.min(Math.max((at - low) / (high - low), 0), 1) * (knots - 1) : 0
	const knot = Math.min(Math.floor(position), knots - 2)
	return { knot, fraction: position - knot }
}

export const valueAt = (values: ArrayLike<number>, { knot, fraction }: KnotPosition): number =>
	(values[knot] as number) * (1 - fraction) + (values[knot + 1] as number) * fraction

/** The curve's mean at a place. */
export const curveMean = ({ parts }: SmoothCurve, place: KnotPosition): number =>
	parts.reduce((sum, part) => sum + part.weight * valueAt(part.values, place), 0)

/** From -1 at the curve's low end to 1 at its high end. */
export const tiltAt = ({ knot, fraction }: KnotPosition): number => (2 * (knot + fraction)) / (knots - 1) - 1

const tiltOfKnots = Float64Array.from({ length: knots }, (_, knot) => tiltAt({ knot, fraction: 0 }))

/** Knot values as they might be in a new period: a part by its weight, its normal spread, and the period's own move. */
export function drawKnots(curve: SmoothCurve, random: () => number): Float64Array {
	let left = random()
	const drawn = curve.parts.find((p) => {
		left -= p.weight
		return left < 0
	})
	const part = drawn ?? (curve.parts.at(-1) as CurvePart)
	const { values } = part
	const normals = new Float64Array(values.length)
	for (let k = 0; k < normals.length; k++) normals[k] = drawNormal(random)
	const drawnValues = solveUpper(part.root, normals)
	const { level, tilt } = drawMove(curve.between, random)
	for (let k = 0; k < drawnValues.length; k++)
		drawnValues[k] =
			(drawnValues[k] as number) + (values[k] as number) + level + tilt * (tiltOfKnots[k] as number)
	return drawnValues
}

/** Student's t for the number of periods, which is small: their spread is itself a guess. */
function drawMove({ level, tilt, periods }: Between, random: () => number): { level: number; tilt: number } {
	if (level === 0 && tilt === 0) return { level: 0, tilt: 0 }
	const freedom = periods - 1
	const scale = Math.sqrt(freedom / (2 * drawGamma(freedom / 2, random)))
	return { level: level * scale * drawNormal(random), tilt: tilt * scale * drawNormal(random) }
}

/** A weighted sum of knots: what its variance, and its covariance with others, is computed from. */
export type KnotSum = { solved: Float64Array; level: number; tilt: number }

export function knotSum(part: CurvePart, weights: Float64Array): KnotSum {
	let [level, tilt] = [0, 0]
	for (let k = 0; k < weights.length; k++) {
		level += weights[k] as number
		tilt += (weights[k] as number) * (tiltOfKnots[k] as number)
	}
	return { solved: solveLower(part.root, weights), level, tilt }
}

/** Of two weighted sums of knots, from the part's spread and the period's. */
export function covarianceOf({ between }: SmoothCurve, a: KnotSum, b: KnotSum): number {
	let within = 0
	for (let k = 0; k < a.solved.length; k++) within += (a.solved[k] as number) * (b.solved[k] as number)
	return within + between.level ** 2 * a.level * b.level + between.tilt ** 2 * a.tilt * b.tilt
}

type Data = { cells: readonly Cell[]; places: readonly KnotPosition[]; centre: number }
type Fit = { values: Float64Array; root: BandMatrix; objective: number }

/** Far from the solution the information is tiny and Newton's step would leave what exponentials can hold. */
const longestStep = 20

/** Newton's method with halved steps; the objective is concave. */
function climb(data: Data, prior: BandMatrix, start: Float64Array): Fit {
	let values = start
	let now = evaluate(data, prior, values)
	for (let round = 0; round < 30; round++) {
		const root = rootOf(now.precision)
		const step = solveUpper(root, solveLower(root, now.slope))
		const length = step.reduce((max, s) => Math.max(max, Math.abs(s)), 0)
		let [next, moved] = [now, values]
		const whole = Math.min(1, longestStep / length)
		for (let size = whole; size > whole * 1e-3; size /= 2) {
			moved = values.map((v, k) => v + size * (step[k] as number))
			next = evaluate(data, prior, moved)
			if (next.objective >= now.objective) break
		}
		const gain = next.objective - now.objective
		if (!(gain > 0)) break
		values = moved
		now = next
		if (gain < 1e-7) break
	}
	return { values, root: rootOf(now.precision), objective: now.objective }
}

function evaluate({ cells, places, centre }: Data, prior: BandMatrix, values: Float64Array) {
	const precision = prior.slice()
	const gap = values.map((v) => v - centre)
	const slope = timesVector(prior, gap).map((x) => -x)
	let objective = slope.reduce((sum, s, k) => sum + (s * (gap[k] as number)) / 2, 0)
	cells.forEach(({ likelihood }, c) => {
		const place = places[c] as KnotPosition
		const { value, slope: along, information } = likelihood(valueAt(values, place))
		const [right, left] = [place.fraction, 1 - place.fraction]
		const k = place.knot
		objective += value
		slope[k] = (slope[k] as number) + left * along
		slope[k + 1] = (slope[k + 1] as number) + right * along
		precision[3 * k] = (precision[3 * k] as number) + left * left * information
		precision[3 * k + 3] = (precision[3 * k + 3] as number) + right * right * information
		precision[3 * k + 4] = (precision[3 * k + 4] as number) + left * right * information
	})
	return { objective, slope, precision }
}

function priorPrecision(penalty: number): BandMatrix {
	const prior = new Float64Array(3 * knots)
	const second = [1, -2, 1] as const
	for (let k = 0; k < knots; k++) prior[3 * k] = ridge
	for (let k = 0; k + 2 < knots; k++)
		for (const i of [0, 1, 2] as const)
			for (const j of [0, 1, 2] as const) {
				const at = 3 * (k + i) + i - j
				if (i >= j) prior[at] = (prior[at] as number) + penalty * second[i] * second[j]
			}
	return prior
}
