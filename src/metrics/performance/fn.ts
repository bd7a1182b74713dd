import type { OutcomeMetric } from '../descriptor.ts'
import { countMeasure } from '../measure-decisions.ts'

export const performanceFn = {
	id: 'performance.fn',
	about: 'Negative decisions that turned out positive.',
	unit: 'rows',
	subject: 'outcome',
	on: 'outcomes',
	method: 'count',
	tasks: ['binary'],
	measure: (view) => countMeasure(view, 'fn'),
} satisfies OutcomeMetric
