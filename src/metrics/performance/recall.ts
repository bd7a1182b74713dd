import type { OutcomeMetric } from '../descriptor.ts'
import { decisionMeasure } from '../measure-decisions.ts'

export const performanceRecall = {
	id: 'performance.recall',
	about:
		'Of what turned out positive, the share that was decided positive; multiclass: the mean over classes.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'Wilson interval; multiclass: delta method',
	tasks: ['binary', 'multiclass'],
	measure: (view) => decisionMeasure(view, 'recall'),
} satisfies OutcomeMetric
