import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDpl = {
	id: 'fairness.clarify.dpl',
	about:
		'SageMaker Clarify: difference in proportions of labels, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('dpl', own, rest),
} satisfies GroupMetric
