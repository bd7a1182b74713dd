import { ascending } from './nannyml-calibration.ts'

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
 * For ROC AUC: how many negatives stand below each positive of the rarer class, as a share (Mann-Whitney). As NannyML,
 * a positive on the very lowest rank is left out. Rows of one score stand in the order they came in; NannyML's order
 * is whatever its sort left, so there the error agrees to about three digits only.
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
