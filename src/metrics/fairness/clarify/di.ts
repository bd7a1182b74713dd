import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDi = {
	id: 'fairness.clarify.di',
	about: 'SageMaker Clarify: disparate impact, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'predictions',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('di', own, rest),
} satisfies GroupMetric
