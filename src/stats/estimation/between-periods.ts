import { type Between, curveMean, notMeasured, type Place, type SmoothCurve, tiltAt } from './smooth-curve.ts'

/** Rows of one reference period at one place of the curve. */
export type PeriodCell = { place: Place; rows: number; positives: number }

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
