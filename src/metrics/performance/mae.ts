import type { OutcomeMetric } from '../descriptor.ts'
import { errorMeasure } from '../measure-errors.ts'

export const performanceMae = {
	id: 'performance.mae',
	about: 'The mean absolute error.',
	unit: 'of the target',
	subject: 'outcome',
	on: 'outcomes',
	method: 'delta method',
	tasks: ['regression'],
	measure: (view) => errorMeasure(view, 'mae'),
} satisfies OutcomeMetric
