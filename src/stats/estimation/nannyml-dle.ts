import { type BoostedTrees, fitBoostedTrees, predictBoostedTrees } from './boosted-trees.ts'
import type { NannymlEstimate } from './nannyml-cbpe.ts'

export type NannymlLoss = 'mae' | 'mse' | 'rmse'

/** Numeric feature columns by name, and the model's predictions. */
export type RegressionRows = { features: Record<string, ArrayLike<number>>; predictions: ArrayLike<number> }
export type LabelledRegressionRows = RegressionRows & { actual: ArrayLike<number> }

/**
 * Direct loss estimation of a regression model as NannyML 0.13 does it: LightGBM's default trees predict each row's
 * loss from the features and the prediction; the estimate is the mean, the band three sampling errors. Numeric
 * features without NaN; the order of `features` counts, as columns do for NannyML.
 */
export function fitNannymlDle(reference: LabelledRegressionRows) {
	const names = Object.keys(reference.features)
	const columns = columnsOf(reference, names)
	const errors = Float64Array.from(reference.actual, (y, i) => y - (reference.predictions[i] as number))
	const [absolute, squared] = [errors.map(Math.abs), errors.map((e) => e * e)]
	const models = new Map<Float64Array, BoostedTrees>()
	const modelOf = (losses: Float64Array) => {
		const model = models.get(losses) ?? fitBoostedTrees(columns, losses)
		models.set(losses, model)
		return model
	}
	return (analysis: RegressionRows, metric: NannymlLoss): NannymlEstimate => {
		const losses = metric === 'mae' ? absolute : squared
		const expected = predictBoostedTrees(modelOf(losses), columnsOf(analysis, names))
		const loss = mean(expected.map((x) => Math.max(0, x)))
		const centre = mean(losses)
		const deviation = Math.sqrt(mean(losses.map((l) => (l - centre) ** 2)))
		const scale = metric === 'rmse' ? 2 * Math.sqrt(centre) : 1
		const samplingError = deviation / scale / Math.sqrt(expected.length)
		const value = metric === 'rmse' ? Math.sqrt(loss) : loss
		return {
			value,
			samplingError,
			low: Math.max(0, value - 3 * samplingError),
			high: value + 3 * samplingError,
		}
	}
}

function columnsOf({ features, predictions }: RegressionRows, names: readonly string[]): Float64Array[] {
	const of = (name: string) => {
		const column = features[name]
		if (!column) throw new RangeError(`there is no feature ${name}`)
		return Float64Array.from(column)
	}
	return [...names.map(of), Float64Array.from(predictions)]
}

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length
