import type { EstimateMetric } from '../descriptor.ts'

export const estimatedBrier = {
	id: 'estimated.brier',
	about:
		'What performance.brier can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.',
	unit: 'share',
	subject: 'estimate',
	method: 'CBPE on a smooth calibration; interval over labels and calibration',
	tasks: ['binary'],
	of: 'performance.brier',
} satisfies EstimateMetric
