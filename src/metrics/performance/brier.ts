import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceBrier = {
	id: 'performance.brier',
	about:
		'The mean squared distance between the probabilities and what happened; multiclass: summed over classes.',
	unit: 'score',
	subject: 'outcome',
	on: 'outcomes',
	method: 'normal interval of the mean',
	tasks: ['binary', 'multiclass'],
	measure: (view) => scoreMeasure(view, 'brier'),
} satisfies OutcomeMetric
