import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDca = {
	id: 'fairness.clarify.dca',
	about:
		'SageMaker Clarify: difference in conditional acceptance, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('dca', own, rest),
} satisfies GroupMetric
