import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifySd = {
	id: 'fairness.clarify.sd',
	about: 'SageMaker Clarify: specificity difference, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('sd', own, rest),
} satisfies GroupMetric
