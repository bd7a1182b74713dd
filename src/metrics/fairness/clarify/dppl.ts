import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDppl = {
	id: 'fairness.clarify.dppl',
	about:
		'SageMaker Clarify: difference in positive proportions of predicted labels, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'predictions',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('dppl', own, rest),
} satisfies GroupMetric
