import { type Curve, curveAt, isotonicRegression } from './isotonic.ts'
import { stratifiedSplits } from './stratified-splits.ts'

const bins = 10
const splits = 10
const seed = 42

/**
 * NannyML's calibration of one score: an isotonic curve, or null when the scores are used as they are
 * (nannyml/calibration.py, needs_calibration). Scores must not be NaN; `actual` is 0 or 1.
 */
export function nannymlCalibration(scores: Float64Array, actual: Float64Array): Curve | null {
	return needsCalibration(scores, actual) ? isotonicRegression(scores, actual) : null
}

/** Whether, over ten held-out tenths of the rows, the isotonic curve lowers the expected calibration error. */
function needsCalibration(scores: Float64Array, actual: Float64Array): boolean {
	const positives = sum(actual)
	if (positives === 0 || positives === actual.length || areaUnderCurve(scores, actual) > 0.999) return false
	const raw: number[] = []
	const calibrated: number[] = []
	const truth: number[] = []
	for (const { train, test } of stratifiedSplits(actual, splits, seed)) {
		const curve = isotonicRegression(pick(scores, train), pick(actual, train))
		for (const i of test) {
			raw.push(scores[i] as number)
			calibrated.push(curveAt(curve, scores[i] as number))
			truth.push(actual[i] as number)
		}
	}
	return calibrationError(raw, truth) > calibrationError(calibrated, truth)
}

/** ECE over ten bins of equal row counts; the last takes the remainder. Rows of one score keep their order. */
function calibrationError(probabilities: number[], truth: number[]): number {
	const n = probabilities.length
	const count = n <= 2 * bins ? Math.floor(n / 2) : bins
	const width = Math.floor(n / count)
	const order = ascending(Float64Array.from(probabilities))
	const ends = Array.from({ length: Math.floor(n / width) }, (_, b) => (b + 1) * width)
	ends[ends.length - 1] = n
	let error = 0
	let start = 0
	for (const end of ends) {
		let gap = 0
		for (const i of order.subarray(start, end)) gap += (probabilities[i] as number) - (truth[i] as number)
		error += Math.abs(gap) / n
		start = end
	}
	return error
}

/** Row numbers in ascending order of value; rows of one value keep their order. */
export const ascending = (values: Float64Array): Uint32Array =>
	Uint32Array.from({ length: values.length }, (_, i) => i).sort(
		(a, b) => (values[a] as number) - (values[b] as number) || a - b,
	)

const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0)

const pick = (values: Float64Array, rows: Uint32Array) => Float64Array.from(rows, (i) => values[i] as number)

/** ROC AUC of labelled rows by midranks. */
function areaUnderCurve(scores: Float64Array, actual: Float64Array): number {
	const order = ascending(scores)
	const positives = sum(actual)
	let ranks = 0
	for (let i = 0; i < order.length; ) {
		let end = i
		let hits = 0
		while (end < order.length && scores[order[end] as number] === scores[order[i] as number])
			hits += actual[order[end++] as number] as number
		ranks += (hits * (i + 1 + end)) / 2
		i = end
	}
	return (ranks - (positives * (positives + 1)) / 2) / (positives * (order.length - positives))
}
