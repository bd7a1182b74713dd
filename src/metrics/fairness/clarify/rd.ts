import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyRd = {
	id: 'fairness.clarify.rd',
	about: 'SageMaker Clarify: recall difference, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('rd', own, rest),
} satisfies GroupMetric
