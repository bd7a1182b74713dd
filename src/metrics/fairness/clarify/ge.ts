import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyGe = {
	id: 'fairness.clarify.ge',
	about: 'SageMaker Clarify: generalised entropy, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('ge', own, rest),
} satisfies GroupMetric
