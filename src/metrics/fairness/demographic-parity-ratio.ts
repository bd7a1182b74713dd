import { demographicParityRatio } from '../../stats/fairness/rate-ratios.ts'
import type { AttributeMetric } from '../descriptor.ts'
import { disparityMeasure } from '../measure-groups.ts'

export const fairnessDemographicParityRatio = {
	id: 'fairness.demographic_parity_ratio',
	about: 'The lowest selection rate of a group over the highest.',
	unit: 'ratio',
	subject: 'attribute',
	on: 'predictions',
	method: 'Koopman, simultaneous over pairs; p of equal rates',
	measure: (groups) => disparityMeasure(groups, demographicParityRatio(groups)),
} satisfies AttributeMetric
