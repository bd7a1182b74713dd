import type { OutcomeMetric } from '../descriptor.ts'
import { scoreMeasure } from '../measure-scores.ts'

export const performancePrAuc = {
	id: 'performance.pr_auc',
	about: 'Average precision: the mean precision over the positives, in order of score.',
	unit: 'share',
	subject: 'outcome',
	on: 'outcomes',
	method: 'logit interval (Boyd et al. 2013)',
	tasks: ['binary'],
	measure: (view) => scoreMeasure(view, 'pr_auc'),
} satisfies OutcomeMetric
