import { calibrationGap } from '../../stats/fairness/calibration-gap.ts'
import type { AttributeMetric } from '../descriptor.ts'
import { disparityMeasure } from '../measure-groups.ts'

export const fairnessCalibrationGap = {
	id: 'fairness.calibration_gap',
	about:
		'The largest difference between two groups of mean score less share of positives; while there are no outcomes, of mean scores.',
	unit: 'share',
	subject: 'attribute',
	on: 'outcomes',
	method: 'Newcombe, simultaneous over pairs; p of equal errors',
	measure: (groups) => disparityMeasure(groups, calibrationGap(groups)),
} satisfies AttributeMetric
