import { equalizedOddsDifference } from '../../stats/fairness/rate-differences.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessEqualizedOddsDifference = {
	id: 'fairness.equalized_odds_difference',
	about: 'The larger of the differences of true and of false positive rates.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal rates',
	disparity: equalizedOddsDifference,
} satisfies AttributeMetric
