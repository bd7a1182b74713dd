import type { EstimateMetric } from '../descriptor.ts'

export const estimatedF1 = {
	id: 'estimated.f1',
	about:
		'What performance.f1 can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.',
	unit: 'share',
	subject: 'estimate',
	method: 'CBPE on a smooth calibration; interval over labels and calibration',
	tasks: ['binary', 'multiclass'],
	of: 'performance.f1',
} satisfies EstimateMetric
