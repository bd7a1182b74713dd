import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyKl = {
	id: 'fairness.clarify.kl',
	about:
		'SageMaker Clarify: Kullback-Leibler divergence of labels, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('kl', own, rest),
} satisfies GroupMetric
