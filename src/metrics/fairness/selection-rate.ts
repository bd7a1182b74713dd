import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessSelectionRate = {
	id: 'fairness.selection_rate',
	about: 'The share of the group that was decided positive.',
	unit: 'share',
	subject: 'group',
	on: 'predictions',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'selectionRate'),
} satisfies GroupMetric
