import type { ScoreCounts } from '../score-counts.ts'
import { differencesBetween } from './between-periods.ts'
import { type AxisCells, groupByRank, positionFinder, positionsOf } from './rank-axis.ts'
import {
	type CellLikelihood,
	fitSmoothCurve,
	noCurve,
	type Place,
	placeOnKnots,
	type SmoothCurve,
	valueAt,
} from './smooth-curve.ts'

/**
 * What labelled reference rows say of P(positive | score): a smooth log-odds curve with its uncertainty, and the
 * reference's rows and positives per score cell. Plain numbers: keep it as JSON.
 */
export type Calibration = { axis: AxisCells; positives: number[]; curve: SmoothCurve }

/**
 * Fits the calibration. `periods` are the same rows by day, week or month (three at least, of the windows' length or
 * so): when the calibration moved between them more than chance explains, estimates say so with wider intervals. A
 * reference without rows gives a calibration without cells, and estimates that are not defined.
 */
export function fitCalibration(reference: ScoreCounts, periods: readonly ScoreCounts[] = []): Calibration {
	const { scores, positives } = reference
	const rows = rowsAt(reference)
	const { axis, cellOf } = groupByRank(scores, rows)
	const inCells = axis.rows.map(() => 0)
	cellOf.forEach((cell, i) => {
		inCells[cell] = (inCells[cell] as number) + (positives[i] as number)
	})
	if (axis.rows.length === 0) return { axis, positives: [], curve: noCurve }
	const at = positionsOf(axis)
	const cells = inCells.map((hits, c) => ({
		at: at[c] as number,
		likelihood: bernoulli(hits, axis.rows[c] as number),
	}))
	const total = rows.reduce((a, b) => a + b, 0)
	const hits = positives.reduce((a, b) => a + b, 0)
	const centre = Math.log((hits + 0.5) / (total - hits + 0.5))
	const curve = fitSmoothCurve(cells, centre)
	const position = positionFinder(axis)
	const periodCells = periods.map((period) => {
		const periodRows = rowsAt(period)
		return Array.from(period.scores, (score, i) => ({
			place: placeOnKnots(position(score), curve),
			rows: periodRows[i] as number,
			positives: period.positives[i] as number,
		}))
	})
	return { axis, positives: inCells, curve: { ...curve, between: differencesBetween(periodCells, curve) } }
}

function rowsAt({ scores, positives, negatives }: ScoreCounts): Float64Array {
	if (scores.length !== positives.length || scores.length !== negatives.length)
		throw new RangeError('a calibration needs as many counts as scores')
	return positives.map((p, i) => p + (negatives[i] as number))
}

function bernoulli(hits: number, rows: number): CellLikelihood {
	return (eta) => {
		const p = logistic(eta)
		const normaliser = eta > 0 ? eta + Math.log1p(Math.exp(-eta)) : Math.log1p(Math.exp(eta))
		return { value: hits * eta - rows * normaliser, slope: hits - rows * p, information: rows * p * (1 - p) }
	}
}

export const logistic = (eta: number): number => 1 / (1 + Math.exp(-eta))

/** Where on the calibration's curve a score stands. */
export function placeFinder({ axis, curve }: Calibration): (score: number) => Place {
	const position = positionFinder(axis)
	return (score) => placeOnKnots(position(score), curve)
}

/** P(positive) at a place: the mean over the curve's parts. */
export const probabilityAt = ({ curve }: Calibration, place: Place): number =>
	curve.parts.reduce((sum, part) => sum + part.weight * logistic(valueAt(part.values, place)), 0)
