import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performanceLogLoss = {
	id: 'performance.log_loss',
	about: 'The mean negative log of the probability given to what happened, clipped at 2^-52.',
	unit: 'nats',
	subject: 'outcome',
	on: 'outcomes',
	method: 'normal interval of the mean',
	tasks: ['binary', 'multiclass'],
	measure: (view) => scoreMeasure(view, 'log_loss'),
} satisfies OutcomeMetric
