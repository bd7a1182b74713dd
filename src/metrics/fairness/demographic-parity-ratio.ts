import { demographicParityRatio } from '../../stats/fairness/rate-ratios.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessDemographicParityRatio = {
	id: 'fairness.demographic_parity_ratio',
	about: 'The lowest selection rate of a group over the highest, the group of a missing value among them.',
	unit: 'ratio',
	subject: 'attribute',
	on: 'predictions',
	by: 'favourable',
	method: 'Koopman, simultaneous over pairs; p of equal rates',
	disparity: demographicParityRatio,
} satisfies AttributeMetric
