import type { OutcomeMetric } from '../descriptor.ts'
import { rankMeasure } from '../measure-ranks.ts'

export const performanceMrr = {
	id: 'performance.mrr',
	about:
		'The mean over queries of one over the rank of the first relevant row; queries with nothing relevant are left out and counted.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'interval of the mean over queries',
	tasks: ['ranking'],
	measure: (view) => rankMeasure(view, 'mrr'),
} satisfies OutcomeMetric
