import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceRocAuc = {
	id: 'performance.roc_auc',
	about:
		'The chance that a positive row scores above a negative one, ties counting half; multiclass: the mean over classes, one against the rest.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: "DeLong's variance",
	tasks: ['binary', 'multiclass'],
	measure: (view) => scoreMeasure(view, 'roc_auc'),
} satisfies OutcomeMetric
