import type { GroupMetric } from '../../descriptor.ts'
import { clarifyMeasure } from '../../measure-groups.ts'

export const clarifyDcr = {
	id: 'fairness.clarify.dcr',
	about:
		'SageMaker Clarify: difference in conditional rejection, the group as the facet against all other rows.',
	unit: 'see Clarify',
	subject: 'group',
	on: 'outcomes',
	by: 'favourable',
	method: 'as Clarify defines it',
	measure: (own, rest) => clarifyMeasure('dcr', own, rest),
} satisfies GroupMetric
