import { meanScoreDifference } from '../../stats/fairness/smd.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessMeanScoreDifference = {
	id: 'fairness.mean_score_difference',
	about: 'The largest difference between two groups of their mean scores, whatever the outcomes.',
	unit: 'of the score',
	subject: 'attribute',
	on: 'predictions',
	method: 'normal interval, simultaneous over pairs; p of equal means',
	disparity: meanScoreDifference,
} satisfies AttributeMetric
