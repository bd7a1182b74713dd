import { type Curve, curveAt } from './isotonic.ts'
import { ascending, nannymlCalibration } from './nannyml-calibration.ts'
import { type ErrorParts, errorParts, f1Scale, type NannymlMetric } from './nannyml-sampling-error.ts'

/** NannyML's estimate: the band is the value -+ three sampling errors, within [0, 1]. */
export type NannymlEstimate = { value: number; samplingError: number; low: number; high: number }

export type BinaryRows = { scores: ArrayLike<number>; predictions: ArrayLike<number> }
export type LabelledBinaryRows = BinaryRows & { actual: ArrayLike<number> }

/**
 * Confidence-based performance estimation of a binary model as NannyML 0.13 does it: calibrates on the labelled
 * reference and returns the estimator. Predictions and labels are 0 or 1; no reference value may be NaN.
 */
export function fitNannymlCbpe(reference: LabelledBinaryRows) {
	const rows = {
		scores: Float64Array.from(reference.scores),
		predictions: Float64Array.from(reference.predictions),
		actual: Float64Array.from(reference.actual),
	}
	const n = rows.actual.length
	if (rows.scores.length !== n || rows.predictions.length !== n || n === 0)
		throw new RangeError('CBPE needs as many scores and predictions as labels, and at least one row')
	if (rows.scores.some(Number.isNaN)) throw new RangeError('CBPE cannot be fitted on scores that are NaN')
	const curve = nannymlCalibration(rows.scores, rows.actual)
	const parts = (metric: NannymlMetric): ErrorParts => {
		const { variance, share } = errorParts(metric, rows)
		if (metric === 'f1') return { variance: variance * f1Scale(rows.predictions, rows.actual) ** 2, share }
		return { variance, share }
	}
	return {
		isCalibrated: curve !== null,
		estimate: (analysis: BinaryRows, metric: NannymlMetric): NannymlEstimate => {
			const scores = Float64Array.from(analysis.scores)
			const probabilities = calibrated(scores, curve)
			const value = expected(metric, { scores, probabilities, predictions: analysis.predictions })
			const { variance, share } = parts(metric)
			return withBand(value, Math.sqrt(variance / (scores.length * share)))
		},
	}
}

/** `fitNannymlCbpe` and one estimate of it. */
export const nannymlCbpe = (input: {
	reference: LabelledBinaryRows
	analysis: BinaryRows
	metric: NannymlMetric
}): NannymlEstimate => fitNannymlCbpe(input.reference).estimate(input.analysis, input.metric)

export const calibrated = (scores: Float64Array, curve: Curve | null): Float64Array =>
	curve ? scores.map((s) => curveAt(curve, s)) : scores.slice()

export function withBand(value: number, samplingError: number): NannymlEstimate {
	const reach = 3 * samplingError
	return { value, samplingError, low: Math.max(0, value - reach), high: Math.min(1, value + reach) }
}

type Rows = { scores: Float64Array; probabilities: Float64Array; predictions: ArrayLike<number> }

/** The metric's expected value when each row is positive with its probability; 0 where the metric is 0/0. */
export function expected(metric: NannymlMetric, rows: Rows): number {
	if (metric === 'roc_auc') return expectedAuc(rows.scores, rows.probabilities)
	let [tp, fp, fn, tn] = [0, 0, 0, 0]
	rows.probabilities.forEach((p, i) => {
		if (rows.predictions[i] === 1) {
			tp += p
			fp += 1 - p
		} else {
			fn += p
			tn += 1 - p
		}
	})
	const ratio = (a: number, b: number) => (b === 0 ? 0 : a / b)
	switch (metric) {
		case 'accuracy':
			return (tp + tn) / rows.probabilities.length
		case 'precision':
			return ratio(tp, tp + fp)
		case 'recall':
			return ratio(tp, tp + fn)
		case 'f1':
			return ratio(tp, tp + (fp + fn) / 2)
		case 'specificity':
			return ratio(tn, tn + fp)
	}
}

/** The area under the expected ROC curve, row by row from the highest score; NannyML rounds the counts to 5 decimals. */
function expectedAuc(scores: Float64Array, probabilities: Float64Array): number {
	const order = ascending(scores).reverse()
	const n = order.length
	let area = 0
	let sum = 0
	let [tpBefore, fpBefore] = [0, 0]
	for (let i = 0; i < n; i++) {
		sum += probabilities[order[i] as number] as number
		const [tp, fp] = [round5(sum), round5(i + 1 - sum)]
		area += ((fp - fpBefore) * (tp + tpBefore)) / 2
		tpBefore = tp
		fpBefore = fp
	}
	return area / (tpBefore * fpBefore)
}

/** As numpy.round(x, 5) for x >= 0: halves go to the even neighbour. */
function round5(x: number): number {
	const scaled = x * 1e5
	const rounded = Math.round(scaled)
	return (rounded - scaled === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded) / 1e5
}
