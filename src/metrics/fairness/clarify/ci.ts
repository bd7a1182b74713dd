import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyCi = {
	id: 'fairness.clarify.ci',
	about: 'SageMaker Clarify: class imbalance, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'predictions',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('ci', own, rest),
} satisfies GroupMetric
