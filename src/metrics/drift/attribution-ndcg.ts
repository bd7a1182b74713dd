import type { AttributionMetric } from '../descriptor.ts'

export const attributionOrder = {
	id: 'drift.attribution_ndcg',
	about:
		'How well the order of features by mean absolute SHAP value agrees with the baseline: 1 is the same order. SageMaker Clarify warns of attribution drift below 0.9.',
	unit: '0 to 1',
	subject: 'attribution',
	of: 'window',
	method: 'NDCG of the current order, gains from the reference',
} satisfies AttributionMetric
