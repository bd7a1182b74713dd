import type { OutcomeMetric } from '../descriptor.ts'
import { errorMeasure } from '../measure-errors.ts'

export const performanceRmse = {
	id: 'performance.rmse',
	about: 'The root of the mean squared error.',
	unit: 'of the target',
	subject: 'outcome',
	on: 'outcomes',
	method: 'delta method',
	tasks: ['regression'],
	measure: (view) => errorMeasure(view, 'rmse'),
} satisfies OutcomeMetric
