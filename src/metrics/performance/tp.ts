import type { OutcomeMetric } from '../descriptor.ts'
import { countMeasure } from '../measure-decisions.ts'

export const performanceTp = {
	id: 'performance.tp',
	about: 'Positive decisions that turned out positive.',
	unit: 'rows',
	subject: 'outcome',
	on: 'outcomes',
	method: 'count',
	tasks: ['binary'],
	measure: (view) => countMeasure(view, 'tp'),
} satisfies OutcomeMetric
