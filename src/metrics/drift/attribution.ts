import type { AttributionMetric } from '../descriptor.ts'

export const attributionDrift = {
	id: 'drift.attribution',
	about:
		'How much the share of a feature in all contributions (mean absolute SHAP value over the sum of all features) has changed since the baseline, or since the first week where the baseline has no rows to explain. 0.05: it now accounts for five points more of what moves the score.',
	unit: 'change of share',
	subject: 'attribution',
	of: 'feature',
	method: "change of the share of mean |SHAP|, Welch's t on the ratio of means; q by Benjamini-Hochberg",
} satisfies AttributionMetric
