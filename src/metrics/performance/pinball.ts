import type { OutcomeMetric } from '../descriptor.ts'
import { errorMeasure } from '../measure-errors.ts'

export const performancePinball = {
	id: 'performance.pinball',
	about: 'The quantile loss at the median: half of the mean absolute error.',
	unit: 'of the target',
	subject: 'outcome',
	on: 'outcomes',
	method: 'delta method',
	tasks: ['regression'],
	measure: (view) => errorMeasure(view, 'pinball'),
} satisfies OutcomeMetric
