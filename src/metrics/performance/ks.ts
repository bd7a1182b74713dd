import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceKs = {
	id: 'performance.ks',
	about:
		'The largest distance between the score distributions of positives and negatives, as credit teams use it, whichever of them scores higher.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'see the performance statistics',
	tasks: ['binary'],
	measure: (view) => scoreMeasure(view, 'ks'),
} satisfies OutcomeMetric
