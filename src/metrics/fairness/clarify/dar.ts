import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDar = {
	id: 'fairness.clarify.dar',
	about: 'SageMaker Clarify: difference in acceptance rates, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('dar', own, rest),
} satisfies GroupMetric
