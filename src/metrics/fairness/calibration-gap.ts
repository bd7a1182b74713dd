import { calibrationGap } from '../../stats/fairness/calibration-gap.ts'
import type { AttributeMetric } from '../descriptor.ts'

export const fairnessCalibrationGap = {
	id: 'fairness.calibration_gap',
	about: 'The largest difference between two groups of mean score less share of positives.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal errors',
	disparity: calibrationGap,
} satisfies AttributeMetric
