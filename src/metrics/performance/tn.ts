import type { OutcomeMetric } from '../descriptor.ts'
import { countMeasure } from '../measure-decisions.ts'

export const performanceTn = {
	id: 'performance.tn',
	about: 'Negative decisions that turned out negative.',
	unit: 'rows',
	subject: 'outcome',
	on: 'outcomes',
	method: 'count',
	tasks: ['binary'],
	measure: (view) => countMeasure(view, 'tn'),
} satisfies OutcomeMetric
