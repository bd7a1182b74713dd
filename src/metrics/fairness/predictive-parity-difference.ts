import { predictiveParityDifference } from '../../stats/fairness/rate-differences.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessPredictiveParityDifference = {
	id: 'fairness.predictive_parity_difference',
	about: 'The largest difference between two groups of their precision.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal rates',
	disparity: predictiveParityDifference,
} satisfies AttributeMetric
