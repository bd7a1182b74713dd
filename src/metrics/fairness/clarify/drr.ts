import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDrr = {
	id: 'fairness.clarify.drr',
	about: 'SageMaker Clarify: difference in rejection rates, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('drr', own, rest),
} satisfies GroupMetric
