import type { EstimateMetric } from '../descriptor.ts'

export const estimatedMae = {
	id: 'estimated.mae',
	about:
		'What performance.mae can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.',
	unit: 'of the target',
	subject: 'estimate',
	method: 'DLE: expected loss by predicted value',
	tasks: ['regression'],
	of: 'performance.mae',
} satisfies EstimateMetric
