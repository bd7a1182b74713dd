import type { EstimateMetric } from '../descriptor.ts'

export const estimatedRmse = {
	id: 'estimated.rmse',
	about:
		'What performance.rmse can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.',
	unit: 'of the target',
	subject: 'estimate',
	method: 'DLE: expected loss by predicted value',
	tasks: ['regression'],
	of: 'performance.rmse',
} satisfies EstimateMetric
