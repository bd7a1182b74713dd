import { fnrDifference } from '../../stats/fairness/rate-differences.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessFnrDifference = {
	id: 'fairness.fnr_difference',
	about: 'The largest difference between two groups of their false negative rates.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal rates',
	disparity: fnrDifference,
} satisfies AttributeMetric
