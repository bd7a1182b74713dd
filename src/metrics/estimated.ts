import type { Task } from '../summaries/outcomes/label.ts'
import type { EstimateMetric } from './descriptor.ts'

const calibrated = 'CBPE on a smooth calibration; interval over labels and calibration'
const byPrediction = 'DLE: expected loss by predicted value'
const classes = ['binary', 'multiclass'] as const

const estimateOf = (
	of: string,
	id: string,
	unit: string,
	method: string,
	tasks: readonly Task[],
): EstimateMetric => ({
	id,
	about: `What ${of} can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.`,
	unit,
	subject: 'estimate',
	method,
	tasks,
	of,
})

/** What a metric of outcomes can be expected to be before the outcomes are known: see estimate-outcomes.ts. */
export const estimated: readonly EstimateMetric[] = [
	estimateOf('performance.roc_auc', 'estimated.roc_auc', 'share', calibrated, classes),
	estimateOf('performance.accuracy', 'estimated.accuracy', 'share', calibrated, classes),
	estimateOf('performance.f1', 'estimated.f1', 'share', calibrated, classes),
	estimateOf('performance.precision', 'estimated.precision', 'share', calibrated, classes),
	estimateOf('performance.recall', 'estimated.recall', 'share', calibrated, classes),
	estimateOf('performance.brier', 'estimated.brier', 'share', calibrated, ['binary']),
	estimateOf('performance.log_loss', 'estimated.log_loss', 'nats', calibrated, ['binary']),
	estimateOf('performance.mae', 'estimated.mae', 'of the target', byPrediction, ['regression']),
	estimateOf('performance.rmse', 'estimated.rmse', 'of the target', byPrediction, ['regression']),
]
