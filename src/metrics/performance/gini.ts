import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceGini = {
	id: 'performance.gini',
	about: '2 ROC AUC - 1, as credit teams use it.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: "DeLong's variance",
	tasks: ['binary'],
	measure: (view) => scoreMeasure(view, 'gini'),
} satisfies OutcomeMetric
