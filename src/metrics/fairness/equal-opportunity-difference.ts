import { equalOpportunityDifference } from '../../stats/fairness/rate-differences.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessEqualOpportunityDifference = {
	id: 'fairness.equal_opportunity_difference',
	about: 'The largest difference between two groups of their true positive rates.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal rates',
	disparity: equalOpportunityDifference,
} satisfies AttributeMetric
