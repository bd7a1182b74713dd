import type { OutcomeMetric } from '../descriptor.ts'
import { decisionMeasure } from '../measure-decisions.ts'

export const performancePrecision = {
	id: 'performance.precision',
	about: 'Of the positive decisions, the share that turned out positive; multiclass: the mean over classes.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'Wilson interval; multiclass: delta method',
	tasks: ['binary', 'multiclass'],
	measure: (view) => decisionMeasure(view, 'precision'),
} satisfies OutcomeMetric
