import { AppError } from '../../core/errors.ts'
import { type MetricValue, notEnoughData, ok } from '../../metrics/metric-value.ts'
import {
	fitNannymlCbpe,
	fitNannymlCbpeMulticlass,
	type NannymlEstimate,
	type NannymlMetric,
} from '../../stats/estimation/nannyml-cbpe.ts'
import { firstLabel, type Rows } from './rows.ts'

const names: readonly NannymlMetric[] = ['roc_auc', 'f1', 'precision', 'recall', 'specificity', 'accuracy']

/** NannyML's CBPE with all rows as one chunk: its values, with bands of three sampling errors. */
export function nannymlEstimates(rows: Rows, reference: Rows): [string, MetricValue][] {
	if (rows.task === 'regression' || rows.task === 'ranking')
		throw new AppError('invalid', `--like nannyml estimates binary and multiclass models, not ${rows.task}.`)
	const n = countOf(rows)
	const estimate = n > 0 && countOf(reference, true) > 0 ? estimatorOf(rows, reference) : undefined
	return names.map((name) => [
		`estimated.${name}`,
		estimate
			? { ...ok(estimate(name), n), reason: "NannyML's CBPE: a band of three sampling errors" }
			: notEnoughData(n, 'no row has both a score and a decision, or the reference has no outcomes'),
	])
}

const isUsed = ({ scores, decisions, labels, probabilities }: Rows, row: number, isLabelled: boolean) =>
	(decisions[row] as number) >= firstLabel &&
	(!isLabelled || (labels[row] as number) >= firstLabel) &&
	(probabilities.size > 0
		? [...probabilities.values()].every((p) => !Number.isNaN(p[row]))
		: !Number.isNaN(scores[row]))

function usedRows(rows: Rows, isLabelled: boolean): Uint32Array {
	const used = new Uint32Array(rows.count)
	let n = 0
	for (let row = 0; row < rows.count; row++) if (isUsed(rows, row, isLabelled)) used[n++] = row
	return used.subarray(0, n)
}

const countOf = (rows: Rows, isLabelled = false) => usedRows(rows, isLabelled).length

function estimatorOf(rows: Rows, reference: Rows): (metric: NannymlMetric) => NannymlEstimate {
	if (rows.task === 'binary') {
		const cbpe = fitNannymlCbpe(binary(reference, usedRows(reference, true)))
		const analysis = binary(rows, usedRows(rows, false))
		return (metric) => cbpe.estimate(analysis, metric)
	}
	if (reference.probabilities.size < 3)
		throw new AppError('invalid', '--like nannyml takes three classes or more for a multiclass task.')
	const cbpe = fitNannymlCbpeMulticlass(multiclass(reference, usedRows(reference, true)))
	const analysis = multiclass(rows, usedRows(rows, false))
	return (metric) => cbpe.estimate(analysis, metric)
}

const binary = ({ scores, decisions, labels }: Rows, used: Uint32Array) => ({
	scores: Float64Array.from(used, (row) => scores[row] as number),
	predictions: Float64Array.from(used, (row) => Number(decisions[row] === firstLabel)),
	actual: Float64Array.from(used, (row) => Number(labels[row] === firstLabel)),
})

const multiclass = ({ probabilities, classes, decisions, labels }: Rows, used: Uint32Array) => ({
	scores: Object.fromEntries(
		[...probabilities].map(([name, p]) => [name, Float64Array.from(used, (row) => p[row] as number)]),
	),
	predictions: Array.from(used, (row) => classes[(decisions[row] as number) - firstLabel] as string),
	actual: Array.from(used, (row) => classes[(labels[row] as number) - firstLabel] ?? ''),
})
