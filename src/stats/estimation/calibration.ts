import type { ScoreCounts } from '../score-counts.ts'
import { type AxisCells, groupByRank, positionFinder, positionsOf } from './rank-axis.ts'
import {
	type Between,
	type CellLikelihood,
	curveMean,
	fitSmoothCurve,
	type KnotPosition,
	noCurve,
	notMeasured,
	onKnots,
	type SmoothCurve,
	tiltAt,
	valueAt,
} from './smooth-curve.ts'

/**
 * P(positive | score) as estimated from labelled reference rows: a smooth log-odds curve with its uncertainty, and the
 * reference's rows and positives per score cell. Plain numbers, so that it can be stored as JSON.
 */
export type Calibration = { axis: AxisCells; positives: number[]; curve: SmoothCurve }

/**
 * Fits the calibration. `periods` are the same rows by day, week or month (at least three, of about the windows' length):
 * where the calibration varied between them by more than chance, estimates have wider intervals. A reference without rows
 * gives a calibration without cells, and undefined estimates.
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
			place: onKnots(position(score), curve),
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

/** The position of a score on the calibration curve. */
export function knotFinder({ axis, curve }: Calibration): (score: number) => KnotPosition {
	const position = positionFinder(axis)
	return (score) => onKnots(position(score), curve)
}

/** P(positive) at a position: the mean over the curve's parts. */
export const probabilityAt = ({ curve }: Calibration, place: KnotPosition): number =>
	curve.parts.reduce((sum, part) => sum + part.weight * logistic(valueAt(part.values, place)), 0)

/** Rows of one reference period at one place of the curve. */
export type PeriodCell = { place: KnotPosition; rows: number; positives: number }

/** A faint pull of a period's level and tilt to 0 (standard deviation 5), for periods of one class only. */
const ridge = 0.04

/**
 * How much reference periods differ from their common curve beyond what their labels' chance explains: a random
 * effect of level and of tilt per period, by the method of moments (DerSimonian and Laird 1986, unweighted). A model
 * whose calibration moved from month to month in the reference will move again.
 */
export function differencesBetween(periods: readonly (readonly PeriodCell[])[], curve: SmoothCurve): Between {
	const effects = periods
		.filter((cells) => cells.some((c) => c.rows > 0))
		.map((cells) => effectOf(cells, curve))
	const count = effects.length
	if (count < 3) return notMeasured
	const spread = (value: 'level' | 'tilt', variance: 'levelVariance' | 'tiltVariance') => {
		const seen = effects.reduce((sum, e) => sum + e[value] ** 2, 0) / (count - 1)
		const chance = effects.reduce((sum, e) => sum + e[variance], 0) / count
		return Math.sqrt(Math.max(0, seen - chance))
	}
	return { level: spread('level', 'levelVariance'), tilt: spread('tilt', 'tiltVariance'), periods: count }
}

/** Logistic regression of one period on level and tilt, the curve as its offset (Newton's method). */
function effectOf(cells: readonly PeriodCell[], curve: SmoothCurve) {
	const offsets = cells.map((c) => curveMean(curve, c.place))
	let [level, tilt] = [0, 0]
	let [levelVariance, tiltVariance] = [0, 0]
	for (let round = 0; round < 25; round++) {
		let [u0, u1, i00, i01, i11] = [-ridge * level, -ridge * tilt, ridge, 0, ridge]
		cells.forEach(({ place, rows, positives }, c) => {
			const t = tiltAt(place)
			const p = 1 / (1 + Math.exp(-((offsets[c] as number) + level + tilt * t)))
			const [excess, information] = [positives - rows * p, rows * p * (1 - p)]
			u0 += excess
			u1 += excess * t
			i00 += information
			i01 += information * t
			i11 += information * t * t
		})
		const determinant = i00 * i11 - i01 * i01
		const [byLevel, byTilt] = [(i11 * u0 - i01 * u1) / determinant, (i00 * u1 - i01 * u0) / determinant]
		// Far from the solution the information is tiny and Newton's step much too long.
		const damp = Math.min(1, 2 / Math.hypot(byLevel, byTilt))
		level += damp * byLevel
		tilt += damp * byTilt
		levelVariance = i11 / determinant
		tiltVariance = i00 / determinant
		if (Math.hypot(byLevel, byTilt) < 1e-8) break
	}
	return { level, tilt, levelVariance, tiltVariance }
}
