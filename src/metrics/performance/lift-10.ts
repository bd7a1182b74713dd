import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceLift10 = {
	id: 'performance.lift_10',
	about:
		'The share of positives among the highest tenth of the scores over their share among all; ties in proportion.',
	unit: 'ratio',
	subject: 'outcome',
	on: 'outcomes',
	method: 'see the performance statistics',
	tasks: ['binary'],
	measure: (view) => scoreMeasure(view, 'lift_10'),
} satisfies OutcomeMetric
