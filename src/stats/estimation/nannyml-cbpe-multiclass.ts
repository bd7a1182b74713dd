import { nannymlCalibration } from './nannyml-calibration.ts'
import { calibrated, expected, type NannymlEstimate, withBand } from './nannyml-cbpe.ts'
import { type ErrorParts, errorParts, type NannymlMetric } from './nannyml-sampling-error.ts'

/** One score column per class, and the predicted class of each row. */
export type MulticlassRows = { scores: Record<string, ArrayLike<number>>; predictions: readonly string[] }
export type LabelledMulticlassRows = MulticlassRows & { actual: readonly string[] }

/**
 * CBPE of three or more classes as NannyML 0.13 does it: each class calibrated against the rest, probabilities scaled
 * to sum to one per row, the macro average of the one-v-rest estimates; accuracy is the mean probability of the
 * predicted class. Every class of `scores` must stand among the labels, twice at least.
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
