import { demographicParityRatio } from '../../stats/fairness/rate-ratios.ts'
import type { AttributeMetric } from '../descriptor.ts'
import { disparityMeasure, fourFifthsReason } from '../measure-groups.ts'

export const fairnessDemographicParityRatio = {
	id: 'fairness.demographic_parity_ratio',
	about:
		'The lowest selection rate of a group over the highest, as the four-fifths rule compares them. The reason gives its verdict.',
	unit: 'ratio',
	subject: 'attribute',
	on: 'predictions',
	method: 'Koopman, simultaneous over pairs; p of equal rates',
	measure: (groups) => disparityMeasure(groups, demographicParityRatio(groups), fourFifthsReason),
} satisfies AttributeMetric
