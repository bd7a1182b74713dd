import { fprDifference } from '../../stats/fairness/rate-differences.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessFprDifference = {
	id: 'fairness.fpr_difference',
	about: 'The largest difference between two groups of their false positive rates.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal rates',
	disparity: fprDifference,
} satisfies AttributeMetric
