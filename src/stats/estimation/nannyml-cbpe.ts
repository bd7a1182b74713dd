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

export type NannymlMetric = 'roc_auc' | 'accuracy' | 'precision' | 'recall' | 'f1' | 'specificity'

/** What one row adds to a metric: the variance over the rows that count for it, and their share of all rows. */
export type ErrorParts = { variance: number; share: number }

/** A row's value for a metric, by (prediction, actual); undefined where the row does not count for it. */
const rowValue: Record<
	Exclude<NannymlMetric, 'roc_auc'>,
	(predicted: number, actual: number) => number | undefined
> = {
	accuracy: (predicted, actual) => Number(predicted === actual),
	precision: (predicted, actual) => (predicted === 1 ? actual : undefined),
	recall: (predicted, actual) => (actual === 1 ? predicted : undefined),
	f1: (predicted, actual) => (predicted === 1 || actual === 1 ? predicted * actual : undefined),
	specificity: (predicted, actual) => (actual === 0 ? 1 - predicted : undefined),
}

/** nannyml/sampling_error: the parts of a metric's sampling error as labelled reference rows of 0 and 1 give them. */
export function errorParts(
	metric: NannymlMetric,
	rows: { scores: Float64Array; predictions: Float64Array; actual: Float64Array },
): ErrorParts {
	const n = rows.actual.length
	if (metric === 'roc_auc') return placements(rows.scores, rows.actual)
	const values: number[] = []
	for (let i = 0; i < n; i++) {
		const value = rowValue[metric](rows.predictions[i] as number, rows.actual[i] as number)
		if (value !== undefined) values.push(value)
	}
	return { variance: variance(values), share: values.length / n }
}

/** In the binary task NannyML scales F1's rows so that their mean is F1. */
export function f1Scale(predictions: Float64Array, actual: Float64Array): number {
	let [hits, misses] = [0, 0]
	for (let i = 0; i < actual.length; i++) {
		if (predictions[i] === 1 && actual[i] === 1) hits++
		else if (predictions[i] !== actual[i]) misses++
	}
	return (hits + misses) / (hits + misses / 2)
}

/**
 * For ROC AUC: the share of negatives below each positive of the rarer class (Mann-Whitney). As in NannyML, a positive on the
 * very lowest rank is left out. Rows of one score keep their order; NannyML's sort leaves them in any order, so that the
 * error then agrees to about three digits only.
 */
function placements(scores: Float64Array, actual: Float64Array): ErrorParts {
	const n = scores.length
	const all = actual.reduce((a, b) => a + b, 0)
	const isMostlyPositive = all / n > 0.5
	const order = ascending(isMostlyPositive ? scores.map((s) => 1 - s) : scores)
	const positives = isMostlyPositive ? n - all : all
	const values: number[] = []
	for (let rank = 1; rank < n; rank++)
		if ((actual[order[rank] as number] === 1) !== isMostlyPositive)
			values.push((rank - values.length) / (n - positives))
	return { variance: variance(values), share: positives / n }
}

function variance(values: readonly number[]): number {
	const mean = values.reduce((a, b) => a + b, 0) / values.length
	return values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length
}

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

/** One score column per class, and the predicted class of each row. */
export type MulticlassRows = { scores: Record<string, ArrayLike<number>>; predictions: readonly string[] }
export type LabelledMulticlassRows = MulticlassRows & { actual: readonly string[] }

/**
 * CBPE of three or more classes as NannyML 0.13 does it: each class calibrated against the rest, probabilities scaled
 * to sum to one per row, the macro average of the one-v-rest estimates; accuracy is the mean probability of the
 * predicted class. Every class of `scores` must be among the labels at least twice.
 */
export function fitNannymlCbpeMulticlass(reference: LabelledMulticlassRows) {
	const classes = Object.keys(reference.scores).sort()
	if (classes.length < 3) throw new RangeError('the multiclass CBPE needs three classes or more')
	const sides = classes.map((name) => {
		const scores = Float64Array.from(columnOf(reference, name))
		const [predictions, actual] = [indicator(reference.predictions, name), indicator(reference.actual, name)]
		if (scores.length !== actual.length || predictions.length !== actual.length)
			throw new RangeError('CBPE needs as many scores and predictions as labels')
		return { name, rows: { scores, predictions, actual }, curve: nannymlCalibration(scores, actual) }
	})
	const parts = (metric: NannymlMetric) => sides.map(({ rows }) => errorParts(metric, rows))
	return {
		isCalibrated: Object.fromEntries(sides.map(({ name, curve }) => [name, curve !== null])),
		estimate: (analysis: MulticlassRows, metric: NannymlMetric): NannymlEstimate => {
			const n = analysis.predictions.length
			const columns = sides.map(({ name, curve }) => {
				const scores = Float64Array.from(columnOf(analysis, name))
				const predictions = indicator(analysis.predictions, name)
				return { scores, predictions, probabilities: calibrated(scores, curve) }
			})
			normalise(columns.map((c) => c.probabilities))
			if (metric !== 'accuracy')
				return withBand(mean(columns.map((c) => expected(metric, c))), macroError(metric, parts(metric), n))
			let hits = 0
			for (const { predictions, probabilities } of columns)
				probabilities.forEach((p, i) => {
					hits += p * (predictions[i] as number)
				})
			return withBand(hits / n, Math.sqrt(accuracyVariance(reference) / n))
		},
	}
}

/** Rows on which no class has a probability are shared out evenly. */
function normalise(columns: Float64Array[]): void {
	const rows = columns[0]?.length ?? 0
	for (let i = 0; i < rows; i++) {
		const total = columns.reduce((sum, c) => sum + (c[i] as number), 0)
		for (const c of columns) c[i] = total === 0 ? 1 / columns.length : (c[i] as number) / total
	}
}

/** The classes' variances are added as if independent; NannyML found ROC AUC's a fifth too small that way. */
function macroError(metric: NannymlMetric, parts: ErrorParts[], n: number): number {
	const sum = parts.reduce((total, { variance, share }) => total + variance / (n * share), 0)
	return (Math.sqrt(sum) / parts.length) * (metric === 'roc_auc' ? 1.2 : 1)
}

function accuracyVariance({ predictions, actual }: LabelledMulticlassRows): number {
	const right = predictions.filter((p, i) => p === actual[i]).length / actual.length
	return right * (1 - right)
}

const indicator = (labels: readonly string[], name: string) =>
	Float64Array.from(labels, (label) => Number(label === name))

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

function columnOf({ scores }: MulticlassRows, name: string): ArrayLike<number> {
	const column = scores[name]
	if (!column) throw new RangeError(`there are no scores of class ${name}`)
	return column
}
