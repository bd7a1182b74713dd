import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessPrecision = {
	id: 'fairness.precision',
	about: 'Of the group and decided positive, the share that turned out positive.',
	unit: 'share',
	subject: 'group',
	on: 'outcomes',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'precision'),
} satisfies GroupMetric
