import type { OutcomeMetric } from '../descriptor.ts'
import { rankMeasure } from '../measure-ranks.ts'

export const performanceMap10 = {
	id: 'performance.map_10',
	about:
		'The mean average precision of the first ten; queries with nothing relevant are left out and counted.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'interval of the mean over queries',
	tasks: ['ranking'],
	measure: (view) => rankMeasure(view, 'map_10'),
} satisfies OutcomeMetric
