import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyAd = {
	id: 'fairness.clarify.ad',
	about: 'SageMaker Clarify: accuracy difference, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('ad', own, rest),
} satisfies GroupMetric
