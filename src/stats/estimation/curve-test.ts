import { chiSquareTail } from '../chi-square.ts'
import { type CurvePart, covarianceOf, knotSum, type Place, type SmoothCurve } from './smooth-curve.ts'

/**
 * Rows at one place of a curve: the score (slope of the log likelihood) of what was seen, its variance, and the
 * curve's value there.
 */
export type Row = Place & { excess: number; variance: number; eta: number }

/** Groups of equal information; fewer when there is little. */
const maxGroups = 6

/**
 * P of chi-square score tests of rows against a curve, where the curve's own spread counts as well as the rows'
 * chance: of the sum of all and its trend along the curve (two degrees, as Cox 1958), and group by group for what
 * bends. Bonferroni's p of the two, for one part of the curve. Rows must
 * ascend; `perGroup` is the least information of a group, for the sums to be near normal.
 */
export function curveTest(rows: readonly Row[], curve: SmoothCurve, part: CurvePart, perGroup = 5): number {
	const information = rows.reduce((sum, r) => sum + r.variance, 0)
	const middle = rows.reduce((sum, r) => sum + r.variance * r.eta, 0) / information
	const trend = [() => 1, (r: Row) => r.eta - middle]
	const count = Math.max(1, Math.min(maxGroups, Math.floor(information / perGroup)))
	const groups = groupsOf(rows, count)
	const inGroup = Array.from({ length: count }, (_, g) => (_r: Row, i: number) => Number(groups[i] === g))
	return Math.min(1, 2 * Math.min(pOf(rows, trend, curve, part), pOf(rows, inGroup, curve, part)))
}

/** Equal shares of the variance per group, in the rows' order. */
function groupsOf(rows: readonly Row[], count: number): number[] {
	const total = rows.reduce((sum, r) => sum + r.variance, 0)
	let before = 0
	return rows.map((r) => {
		before += r.variance
		return Math.min(count - 1, Math.floor(((before - r.variance / 2) / total) * count))
	})
}

/** The score test of excesses weighted in each direction: their covariance is the rows' and the curve's. */
function pOf(
	rows: readonly Row[],
	directions: readonly ((row: Row, i: number) => number)[],
	curve: SmoothCurve,
	part: CurvePart,
): number {
	const sides = directions.map((weigh) => {
		const along = new Float64Array(part.values.length)
		const weights = new Float64Array(rows.length)
		let excess = 0
		for (let i = 0; i < rows.length; i++) {
			const r = rows[i] as Row
			const w = weigh(r, i)
			weights[i] = w
			excess += w * r.excess
			along[r.knot] = (along[r.knot] as number) + w * r.variance * (1 - r.fraction)
			along[r.knot + 1] = (along[r.knot + 1] as number) + w * r.variance * r.fraction
		}
		return { excess, weights, sum: knotSum(part, along) }
	})
	const variances = Float64Array.from(rows, (r) => r.variance)
	const covariance = sides.map((a) =>
		sides.map((b) => chanceOf(a.weights, b.weights, variances) + covarianceOf(curve, a.sum, b.sum)),
	)
	const { statistic, degrees } = quadraticForm(
		covariance,
		sides.map((s) => s.excess),
	)
	return chiSquareTail(statistic, degrees)
}

function chanceOf(a: Float64Array, b: Float64Array, variances: Float64Array): number {
	let sum = 0
	for (let i = 0; i < variances.length; i++)
		sum += (a[i] as number) * (b[i] as number) * (variances[i] as number)
	return sum
}

/** x' matrix^-1 x by elimination; directions that say nothing of their own are dropped. */
function quadraticForm(matrix: number[][], x: number[]): { statistic: number; degrees: number } {
	const rows = matrix.map((row, i) => [...row, x[i] as number])
	let [statistic, degrees] = [0, 0]
	rows.forEach((pivot, i) => {
		const own = pivot[i] as number
		const right = pivot[x.length] as number
		if (own <= 1e-9 * (matrix[i]?.[i] as number) || !(own > 0)) return
		statistic += right ** 2 / own
		degrees++
		for (const row of rows.slice(i + 1)) {
			const factor = (row[i] as number) / own
			pivot.forEach((value, k) => {
				row[k] = (row[k] as number) - factor * value
			})
		}
	})
	return { statistic, degrees }
}
