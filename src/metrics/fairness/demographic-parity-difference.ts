import { demographicParityDifference } from '../../stats/fairness/rate-differences.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessDemographicParityDifference = {
	id: 'fairness.demographic_parity_difference',
	about: 'The largest difference between two groups of their selection rates.',
	unit: 'share',
	subject: 'attribute',
	on: 'predictions',
	by: 'favourable',
	method: 'Newcombe, simultaneous over pairs; p of equal rates',
	disparity: demographicParityDifference,
} satisfies AttributeMetric
