import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyKs = {
	id: 'fairness.clarify.ks',
	about:
		'SageMaker Clarify: Kolmogorov-Smirnov distance of labels, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('ks', own, rest),
} satisfies GroupMetric
