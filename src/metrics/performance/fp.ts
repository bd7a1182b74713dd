import type { OutcomeMetric } from '../descriptor.ts'
import { countMeasure } from '../measure-decisions.ts'

export const performanceFp = {
	id: 'performance.fp',
	about: 'Positive decisions that turned out negative.',
	unit: 'rows',
	subject: 'outcome',
	on: 'outcomes',
	method: 'count',
	tasks: ['binary'],
	measure: (view) => countMeasure(view, 'fp'),
} satisfies OutcomeMetric
