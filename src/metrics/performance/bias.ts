import type { OutcomeMetric } from '../descriptor.ts'
import { errorMeasure } from '../measure-errors.ts'

export const performanceBias = {
	id: 'performance.bias',
	about: 'The mean of prediction less actual.',
	unit: 'of the target',
	subject: 'outcome',
	on: 'outcomes',
	method: 'normal interval of the mean',
	tasks: ['regression'],
	measure: (view) => errorMeasure(view, 'bias'),
} satisfies OutcomeMetric
