import { disparateImpact } from '../../stats/fairness/rate-ratios.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessDisparateImpact = {
	id: 'fairness.disparate_impact',
	about:
		'The lowest selection rate of a group over that of the largest group; above 1 where every other is selected more. A number, not a verdict.',
	unit: 'ratio',
	subject: 'attribute',
	on: 'predictions',
	by: 'favourable',
	method: 'Koopman, simultaneous over groups; p of equal rates',
	disparity: (groups, options) => disparateImpact(groups, undefined, options),
} satisfies AttributeMetric
