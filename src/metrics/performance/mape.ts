import type { OutcomeMetric } from '../descriptor.ts'
import { errorMeasure } from '../measure-errors.ts'

export const performanceMape = {
	id: 'performance.mape',
	about: 'The mean absolute error as a fraction of the target; targets of zero are left out and counted.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'delta method',
	tasks: ['regression'],
	measure: (view) => errorMeasure(view, 'mape'),
} satisfies OutcomeMetric
