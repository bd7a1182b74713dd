import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { drawGamma } from './chance.ts'
import { curveTest, type Row } from './curve-test.ts'
import { intervalOf } from './estimate-performance.ts'
import type { Contradiction } from './labels-contradict.ts'
import { type LossCurve, type LossFit, lossAt } from './loss-fit.ts'
import { cellFinder, positionFinder } from './rank-axis.ts'
import { drawKnots, placeOnKnots, valueAt } from './smooth-curve.ts'
import { doubtful, supportReason, type Trust } from './trust.ts'

/** Rows of a window at each distinct predicted value (ascending). */
export type PredictionTable = { values: Float64Array; rows: Float64Array }

const replicates = 400
/** Of a group of errors: they are more skewed than labels. */
const minInformation = 30

/**
 * What a regression model's MAE and RMSE in a window without labels will turn out to be, from its predictions alone.
 * The 95% interval covers the errors' own chance and what the reference leaves unknown. Valid while the errors at a
 * prediction are the reference's: ask `trustOfLoss`. Not defined (NaN) without rows.
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

/** May the estimate be believed? As `trustOf`. */
export function trustOfLoss(window: PredictionTable, fit: LossFit, errors?: Contradiction): Trust {
	const reason = supportReason(window.values, window.rows, fit.axis)
	if (reason) return doubtful(reason)
	if (errors && errors.p < 0.01)
		return doubtful(
			`the errors of ${errors.rows} rows contradict the reference (p = ${errors.p.toPrecision(2)})`,
		)
	return { trust: 'ok', reason: '' }
}

/** Do the errors of rows whose labels did arrive contradict the reference's? As `labelsContradict`. */
export function errorsContradict(
	predicted: ArrayLike<number>,
	actual: ArrayLike<number>,
	{ axis, absolute: { curve, dispersion } }: LossFit,
): Contradiction {
	if (predicted.length !== actual.length)
		throw new RangeError('there must be as many actual values as predicted')
	const position = positionFinder(axis)
	const rows = Array.from(predicted, (value, i) => ({
		place: placeOnKnots(position(value), curve),
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
	const places = cells.map((c) => placeOnKnots(c.position, loss.curve))
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
