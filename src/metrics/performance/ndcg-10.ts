import type { OutcomeMetric } from '../descriptor.ts'
import { rankMeasure } from '../measure-ranks.ts'

export const performanceNdcg10 = {
	id: 'performance.ndcg_10',
	about:
		'Normalised discounted cumulative gain of the first ten, with gain 2^relevance - 1; queries with nothing relevant are left out and counted.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'interval of the mean over queries',
	tasks: ['ranking'],
	measure: (view) => rankMeasure(view, 'ndcg_10'),
} satisfies OutcomeMetric
