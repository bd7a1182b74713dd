import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessFnr = {
	id: 'fairness.fnr',
	about: 'Of the group and turned out positive, the share that was decided negative.',
	unit: 'share',
	subject: 'group',
	on: 'outcomes',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'fnr'),
} satisfies GroupMetric
