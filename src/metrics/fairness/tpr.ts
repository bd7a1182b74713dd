import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessTpr = {
	id: 'fairness.tpr',
	about: 'Of the group and turned out positive, the share that was decided positive.',
	unit: 'share',
	subject: 'group',
	on: 'outcomes',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'tpr'),
} satisfies GroupMetric
