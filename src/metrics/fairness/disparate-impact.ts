import { disparateImpact } from '../../stats/fairness/rate-ratios.ts'
import type { AttributeMetric } from '../descriptor.ts'
import { disparityMeasure, fourFifthsReason } from '../measure-groups.ts'

export const fairnessDisparateImpact = {
	id: 'fairness.disparate_impact',
	about:
		'The lowest selection rate of a group over that of the largest group. The reason gives the verdict of the four-fifths rule against that group.',
	unit: 'ratio',
	subject: 'attribute',
	on: 'predictions',
	method: 'Koopman, simultaneous over groups; p of equal rates',
	measure: (groups) => disparityMeasure(groups, disparateImpact(groups), fourFifthsReason),
} satisfies AttributeMetric
