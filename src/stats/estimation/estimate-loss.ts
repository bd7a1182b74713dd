import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { drawGamma } from './draws.ts'
import { intervalOf } from './estimate-performance.ts'
import { type AxisCells, cellFinder, groupByRank, positionFinder, positionsOf } from './rank-axis.ts'
import {
	type CellLikelihood,
	drawKnots,
	fitSmoothCurve,
	type KnotPosition,
	noCurve,
	onKnots,
	type SmoothCurve,
	valueAt,
} from './smooth-curve.ts'
import { type Contradiction, curveTest, doubtful, type Row, supportReason, type Trust } from './trust.ts'

/** A loss's expected value along the predictions (the curve is its logarithm) and its variance / mean squared. */
export type LossCurve = { curve: SmoothCurve; dispersion: number }

/**
 * A regression model's error as a function of its prediction, as estimated from labelled reference rows. Plain numbers, so
 * that it can be stored as JSON.
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

/** Fits twice: with the dispersion about the mean, then about the curve. */
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
		const fitted = Array.from(at, (x) => lossAt(curve, onKnots(x, curve)))
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
export const lossAt = (curve: SmoothCurve, place: KnotPosition): number =>
	curve.parts.reduce((sum, part) => sum + part.weight * Math.exp(valueAt(part.values, place)), 0)

/** Rows of a window at each distinct predicted value (ascending). */
export type PredictionTable = { values: Float64Array; rows: Float64Array }

const replicates = 400
/** Of a group of errors: they are more skewed than labels. */
const minInformation = 30

/**
 * Estimates a regression model's MAE and RMSE in a window without labels from its predictions alone. The 95% interval covers
 * the chance of the errors and the uncertainty of the fit. Valid while the errors at a prediction are those of the
 * reference: see `trustOfLoss`. NaN without rows.
 */
export function estimateLoss(
	window: PredictionTable,
	fit: LossFit,
	random: () => number,
): Record<'mae' | 'rmse', Estimate> {
	if (window.values.length !== window.rows.length)
		throw new RangeError('a table needs as many counts as values')
	const cells = cellsOf(window, fit)
	const squared = estimateMean(cells, fit.square, random)
	return {
		mae: estimateMean(cells, fit.absolute, random),
		rmse: { value: Math.sqrt(squared.value), low: Math.sqrt(squared.low), high: Math.sqrt(squared.high) },
	}
}

/** Whether the estimate is trustworthy, as `trustOf`. */
export function trustOfLoss(window: PredictionTable, fit: LossFit, errors?: Contradiction): Trust {
	const reason = supportReason(window.values, window.rows, fit.axis)
	if (reason) return doubtful(reason)
	if (errors && errors.p < 0.01)
		return doubtful(
			`the errors of ${errors.rows} rows contradict the reference (p = ${errors.p.toPrecision(2)})`,
		)
	return { trust: 'ok', reason: '' }
}

/** Whether the errors of labelled rows contradict the reference, as `labelsContradict`. */
export function errorsContradict(
	predicted: ArrayLike<number>,
	actual: ArrayLike<number>,
	{ axis, absolute: { curve, dispersion } }: LossFit,
): Contradiction {
	if (predicted.length !== actual.length)
		throw new RangeError('there must be as many actual values as predicted')
	const position = positionFinder(axis)
	const rows = Array.from(predicted, (value, i) => ({
		place: onKnots(position(value), curve),
		value,
		error: Math.abs(value - (actual[i] as number)),
	})).filter((r) => Number.isFinite(r.error))
	rows.sort((a, b) => a.value - b.value)
	if (rows.length === 0 || curve.parts.length === 0) return { p: Number.NaN, rows: rows.length }
	const against = (values: readonly number[]) =>
		rows.map(({ place, error }): Row => {
			const eta = valueAt(values, place)
			return { ...place, eta, excess: (error / Math.exp(eta) - 1) / dispersion, variance: 1 / dispersion }
		})
	const p = curve.parts.reduce(
		(sum, part) => sum + part.weight * curveTest(against(part.values), curve, part, minInformation),
		0,
	)
	return { p, rows: rows.length }
}

type Cell = { rows: number; position: number }

/** The window by cell of the fit, at the mean position of its rows there. */
function cellsOf({ values, rows }: PredictionTable, { axis }: LossFit): Cell[] {
	const [cell, position] = [cellFinder(axis), positionFinder(axis)]
	const cells = axis.rows.map(() => ({ rows: 0, position: 0 }))
	values.forEach((value, i) => {
		const at = cells[cell(value)]
		if (!at) return
		at.rows += rows[i] as number
		at.position += (rows[i] as number) * position(value)
	})
	return cells.filter((c) => c.rows > 0).map((c) => ({ rows: c.rows, position: c.position / c.rows }))
}

/** The mean loss: its expectation, and replicates of a curve the reference allows times the rows' gamma chance. */
function estimateMean(cells: readonly Cell[], loss: LossCurve, random: () => number): Estimate {
	const total = cells.reduce((sum, c) => sum + c.rows, 0)
	if (total === 0) return undefinedEstimate
	if (loss.curve.parts.length === 0) return { value: 0, low: 0, high: 0 }
	const places = cells.map((c) => onKnots(c.position, loss.curve))
	const mean = (at: (i: number) => number) => cells.reduce((sum, c, i) => sum + (c.rows / total) * at(i), 0)
	const value = mean((i) => lossAt(loss.curve, places[i] ?? noPlace))
	const drawn = Array.from({ length: replicates }, () => {
		const knots = drawKnots(loss.curve, random)
		const losses = places.map((place) => Math.exp(valueAt(knots, place)))
		const centre = mean((i) => losses[i] as number)
		const variance = (loss.dispersion / total) * mean((i) => (losses[i] as number) ** 2)
		return drawGamma(centre ** 2 / variance, random) * (variance / centre)
	})
	return intervalOf(value, value, drawn)
}

const noPlace = { knot: 0, fraction: 0 }
