import type { OutcomeMetric } from '../descriptor.ts'
import { coverageMeasure } from '../measure-coverage.ts'

export const performanceOutcomeCoverage = {
	id: 'performance.outcome_coverage',
	about: 'The share of predictions whose outcome is known.',
	unit: 'share',
	subject: 'outcome',
	on: 'predictions',
	method: 'share, Wilson interval',
	tasks: ['binary', 'multiclass', 'regression', 'ranking'],
	measure: coverageMeasure,
} satisfies OutcomeMetric
