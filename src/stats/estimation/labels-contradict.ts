import type { ScoreCounts } from '../score-counts.ts'
import { type Calibration, logistic, placeFinder } from './calibration.ts'
import { curveTest, type Row } from './curve-test.ts'
import { valueAt } from './smooth-curve.ts'

/** How labels that did arrive sit with what the reference expects. `p` is NaN when there are none to ask. */
export type Contradiction = { p: number; rows: number }

/**
 * Do the labels of some rows contradict the calibration? Chi-square tests of labels seen against labels expected
 * (`curveTest`); the calibration's own spread counts, so a small reference does not cry wolf. The labels must be a
 * random part of the window's rows, given their scores.
 */
export function labelsContradict(labels: ScoreCounts, calibration: Calibration): Contradiction {
	const counts = labels.positives.map((p, i) => p + (labels.negatives[i] as number))
	const rows = counts.reduce((a, b) => a + b, 0)
	const { parts } = calibration.curve
	if (rows === 0 || parts.length === 0) return { p: Number.NaN, rows }
	const places = Array.from(labels.scores, placeFinder(calibration))
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
