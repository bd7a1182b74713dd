import type { EstimateMetric } from '../descriptor.ts'

export const estimatedLogLoss = {
	id: 'estimated.log_loss',
	about:
		'What performance.log_loss can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.',
	unit: 'nats',
	subject: 'estimate',
	method: 'CBPE on a smooth calibration; interval over labels and calibration',
	tasks: ['binary'],
	of: 'performance.log_loss',
} satisfies EstimateMetric
