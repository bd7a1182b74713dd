import type { GroupMetric } from '../descriptor.ts'
import { rateMeasure } from '../measure-groups.ts'

export const fairnessSelectionRate = {
	id: 'fairness.selection_rate',
	about:
		'The share of the group that got the favourable decision; the positive one while the model does not say which is favourable.',
	unit: 'share',
	subject: 'group',
	on: 'predictions',
	by: 'favourable',
	method: 'Wilson interval',
	measure: (own) => rateMeasure(own, 'selectionRate'),
} satisfies GroupMetric
