import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceEce = {
	id: 'performance.ece',
	about:
		'Expected calibration error over ten equal-width bins: how far mean score and share of positives are apart.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'interval of the population value',
	tasks: ['binary'],
	measure: (view) => scoreMeasure(view, 'ece'),
} satisfies OutcomeMetric
