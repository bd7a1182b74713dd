import { type AxisCells, groupByRank, positionsOf } from './rank-axis.ts'
import {
	type CellLikelihood,
	fitSmoothCurve,
	noCurve,
	type Place,
	placeOnKnots,
	type SmoothCurve,
	valueAt,
} from './smooth-curve.ts'

/** A loss's expected value along the predictions (the curve is its logarithm) and its variance / mean squared. */
export type LossCurve = { curve: SmoothCurve; dispersion: number }

/**
 * What labelled reference rows say of a regression model's error as a function of its prediction. Plain numbers: keep
 * it as JSON.
 */
export type LossFit = { axis: AxisCells; absolute: LossCurve; square: LossCurve }

/**
 * Direct loss estimation (NannyML's DLE) with one feature, the prediction, so that it works on additive tables:
 * expected |error| and squared error by cell of the predictions, smoothed. Rows with a NaN are left out.
 */
export function fitLoss(predicted: ArrayLike<number>, actual: ArrayLike<number>): LossFit {
	if (predicted.length !== actual.length)
		throw new RangeError('fitLoss needs as many actual values as predicted')
	const rows: { value: number; error: number }[] = []
	for (let i = 0; i < predicted.length; i++) {
		const value = predicted[i] as number
		const error = Math.abs(value - (actual[i] as number))
		if (Number.isFinite(error)) rows.push({ value, error })
	}
	rows.sort((a, b) => a.value - b.value)
	const { axis, cellOf } = groupByRank(...distinct(rows.map((r) => r.value)))
	const cells = cellsOfRows(rows, cellOf)
	const lossCurve = (of: (error: number) => number) =>
		fitOne(
			rows.map((r) => of(r.error)),
			cells,
			axis,
		)
	return { axis, absolute: lossCurve((e) => e), square: lossCurve((e) => e * e) }
}

function distinct(sorted: readonly number[]): [values: Float64Array, rows: Float64Array] {
	const counts = new Map<number, number>()
	for (const value of sorted) counts.set(value, (counts.get(value) ?? 0) + 1)
	return [Float64Array.from(counts.keys()), Float64Array.from(counts.values())]
}

function cellsOfRows(rows: readonly { value: number }[], cellOf: Uint32Array): number[] {
	let at = -1
	return rows.map(({ value }, i) => {
		if (value !== rows[i - 1]?.value) at++
		return cellOf[at] as number
	})
}

/** Twice: the dispersion is first taken about the mean of all, then about the curve. */
function fitOne(losses: readonly number[], cellOfRow: readonly number[], axis: AxisCells): LossCurve {
	const mean = losses.reduce((a, b) => a + b, 0) / losses.length
	if (!(mean > 0)) return { curve: noCurve, dispersion: 0 }
	const sums = axis.rows.map(() => 0)
	losses.forEach((loss, i) => {
		const cell = cellOfRow[i] as number
		sums[cell] = (sums[cell] as number) + loss
	})
	const at = positionsOf(axis)
	let dispersion = dispersionAbout(losses, () => mean)
	let curve = noCurve
	for (let round = 0; round < 2; round++) {
		const cells = sums.map((sum, c) => ({
			at: at[c] as number,
			likelihood: gamma(sum / dispersion, (axis.rows[c] as number) / dispersion),
		}))
		curve = fitSmoothCurve(cells, Math.log(mean))
		const fitted = Array.from(at, (x) => lossAt(curve, placeOnKnots(x, curve)))
		dispersion = dispersionAbout(losses, (i) => fitted[cellOfRow[i] as number] as number)
	}
	return { curve, dispersion }
}

/** Gamma quasi-likelihood with a logarithmic link: the variance grows with the mean squared. */
const gamma =
	(sum: number, rows: number): CellLikelihood =>
	(eta) => {
		const scaled = sum * Math.exp(-eta)
		return { value: -scaled - rows * eta, slope: scaled - rows, information: scaled }
	}

const dispersionAbout = (losses: readonly number[], mean: (i: number) => number): number =>
	Math.max(1e-6, losses.reduce((sum, loss, i) => sum + (loss / mean(i) - 1) ** 2, 0) / losses.length)

/** The expected loss at a place: the mean over the curve's parts. */
export const lossAt = (curve: SmoothCurve, place: Place): number =>
	curve.parts.reduce((sum, part) => sum + part.weight * Math.exp(valueAt(part.values, place)), 0)
