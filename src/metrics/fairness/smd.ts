import { smd } from '../../stats/fairness/smd.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessSmd = {
	id: 'fairness.smd',
	about: 'The largest standardised difference between two groups of their mean scores.',
	unit: 'standard deviations',
	subject: 'attribute',
	on: 'predictions',
	method: 'normal interval, simultaneous over pairs; p of equal means',
	disparity: smd,
} satisfies AttributeMetric
