import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyTvd = {
	id: 'fairness.clarify.tvd',
	about:
		'SageMaker Clarify: total variation distance of labels, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('tvd', own, rest),
} satisfies GroupMetric
