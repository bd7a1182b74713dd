import { chiSquareTail } from '../chi-square.ts'
import type { ScoreCounts } from '../score-counts.ts'
import { type Calibration, knotFinder, logistic } from './calibration.ts'
import { type AxisCells, cellFinder } from './rank-axis.ts'
import type { ScoreTable } from './score-table.ts'
import {
	type CurvePart,
	covarianceOf,
	type KnotPosition,
	knotSum,
	type SmoothCurve,
	valueAt,
} from './smooth-curve.ts'

/**
 * Rows at one place of a curve: the score (slope of the log likelihood) of the observations, its variance, and the curve's
 * value there.
 */
export type Row = KnotPosition & { excess: number; variance: number; eta: number }

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

/** x' matrix^-1 x by elimination; directions that depend on the others are dropped. */
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

/** How well known labels agree with the reference's expectation. `p` is NaN without labels. */
export type Contradiction = { p: number; rows: number }

/**
 * Do the labels of some rows contradict the calibration? Chi-square tests of labels seen against labels expected
 * (`curveTest`). The calibration's own uncertainty counts, so that a small reference causes no false alarms. The labels must be a
 * random part of the window's rows, given their scores.
 */
export function labelsContradict(labels: ScoreCounts, calibration: Calibration): Contradiction {
	const counts = labels.positives.map((p, i) => p + (labels.negatives[i] as number))
	const rows = counts.reduce((a, b) => a + b, 0)
	const { parts } = calibration.curve
	if (rows === 0 || parts.length === 0) return { p: Number.NaN, rows }
	const places = Array.from(labels.scores, knotFinder(calibration))
	const against = (values: readonly number[]) =>
		places.map((place, i): Row => {
			const [n, eta] = [counts[i] as number, valueAt(values, place)]
			const p = logistic(eta)
			return { ...place, eta, excess: (labels.positives[i] as number) - n * p, variance: n * p * (1 - p) }
		})
	return {
		p: parts.reduce(
			(p, part) => p + part.weight * curveTest(against(part.values), calibration.curve, part),
			0,
		),
		rows,
	}
}

/** May an estimate without labels be believed? `reason` is for people and empty when it may. */
export type Trust = { trust: 'ok' | 'doubtful'; reason: string }

const maxOutside = 0.05
const minSupport = 50
const minOfClass = 10
const level = 0.01

/**
 * Doubts an estimate when the reference cannot know these scores (too few labels of a class, too many of the window's
 * rows outside its range, or so few reference rows where the window's scores lie that they weigh as under 50), or
 * when labels that did arrive contradict the calibration (`labelsContradict`) at p < .01.
 */
export function trustOf(window: ScoreTable, calibration: Calibration, labels?: Contradiction): Trust {
	const rows = window.selected.map((s, i) => s + (window.rejected[i] as number))
	const positives = calibration.positives.reduce((a, b) => a + b, 0)
	const negatives = calibration.axis.rows.reduce((a, b) => a + b, 0) - positives
	if (Math.min(positives, negatives) < minOfClass)
		return doubtful(`the reference has ${positives} positive and ${negatives} negative labels`)
	const support = supportReason(window.scores, rows, calibration.axis)
	if (support) return doubtful(support)
	if (labels && labels.p < level)
		return doubtful(
			`${labels.rows} labels of this window contradict the reference (p = ${labels.p.toPrecision(2)})`,
		)
	return { trust: 'ok', reason: '' }
}

/** Why the reference has too little to say of these values; empty when it has enough. */
export function supportReason(values: Float64Array, rows: Float64Array, axis: AxisCells): string {
	const total = rows.reduce((a, b) => a + b, 0)
	if (total === 0) return ''
	let outside = 0
	values.forEach((value, i) => {
		if (value < axis.lowest || value > axis.highest) outside += rows[i] as number
	})
	if (outside / total > maxOutside)
		return `${Math.round((100 * outside) / total)}% of the rows lie outside the reference's range`
	const support = effectiveRows(values, rows, axis)
	if (support < minSupport)
		return `the reference weighs as only ${Math.round(support)} rows where this window lies`
	return ''
}

export const doubtful = (reason: string): Trust => ({ trust: 'doubtful', reason })

/**
 * Kish's effective size of the reference once its cells are weighted to the window's shares. The squared shares are
 * taken without bias, so that a small window does not look more concentrated than it is.
 */
function effectiveRows(values: Float64Array, rows: Float64Array, axis: AxisCells): number {
	const cell = cellFinder(axis)
	const inCells = axis.rows.map(() => 0)
	values.forEach((value, i) => {
		const at = cell(value)
		inCells[at] = (inCells[at] as number) + (rows[i] as number)
	})
	const total = rows.reduce((a, b) => a + b, 0)
	if (total < 2) return Number.POSITIVE_INFINITY
	const sum = inCells.reduce((s, w, c) => s + (w * (w - 1)) / (axis.rows[c] as number), 0)
	return sum === 0 ? Number.POSITIVE_INFINITY : (total * (total - 1)) / sum
}
