import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessFpr = {
	id: 'fairness.fpr',
	about: 'Of the group and turned out negative, the share that was decided positive.',
	unit: 'share',
	subject: 'group',
	on: 'outcomes',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'fpr'),
} satisfies GroupMetric
