import type { OutcomeMetric } from '../descriptor.ts'
import { decisionMeasure } from '../measure-decisions.ts'

export const performanceF1 = {
	id: 'performance.f1',
	about: 'The harmonic mean of precision and recall; multiclass: the mean over classes.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'interval of its binomial form; multiclass: delta method',
	tasks: ['binary', 'multiclass'],
	measure: (view) => decisionMeasure(view, 'f1'),
} satisfies OutcomeMetric
