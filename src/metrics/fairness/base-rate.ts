import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessBaseRate = {
	id: 'fairness.base_rate',
	about: 'The share of the group that turned out positive.',
	unit: 'share',
	subject: 'group',
	on: 'outcomes',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'baseRate'),
} satisfies GroupMetric
