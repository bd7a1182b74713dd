import type { EstimateMetric } from '../descriptor.ts'

export const estimatedRocAuc = {
	id: 'estimated.roc_auc',
	about:
		'What performance.roc_auc can be expected to turn out to be, from the scores alone. The reason says when it cannot be believed.',
	unit: 'share',
	subject: 'estimate',
	method: 'CBPE on a smooth calibration; interval over labels and calibration',
	tasks: ['binary', 'multiclass'],
	of: 'performance.roc_auc',
} satisfies EstimateMetric
