import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyJs = {
	id: 'fairness.clarify.js',
	about:
		'SageMaker Clarify: Jensen-Shannon divergence of labels, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('js', own, rest),
} satisfies GroupMetric
