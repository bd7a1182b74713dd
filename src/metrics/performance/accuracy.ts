import type { OutcomeMetric } from '../descriptor.ts'
import { decisionMeasure } from '../measure-decisions.ts'

export const performanceAccuracy = {
	id: 'performance.accuracy',
	about: 'The share of decisions that turned out right.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'Wilson interval',
	tasks: ['binary', 'multiclass'],
	measure: (view) => decisionMeasure(view, 'accuracy'),
} satisfies OutcomeMetric
