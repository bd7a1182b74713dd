import type { OutcomeMetric } from '../descriptor.ts'
import { errorMeasure } from '../measure-errors.ts'

export const performanceR2 = {
	id: 'performance.r2',
	about: 'The share of the variance of the target that the predictions explain.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'delta method',
	tasks: ['regression'],
	measure: (view) => errorMeasure(view, 'r2'),
} satisfies OutcomeMetric
