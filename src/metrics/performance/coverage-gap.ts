import type { OutcomeMetric } from '../descriptor.ts'
import { coverageGap } from '../measure-coverage.ts'

export const performanceCoverageGap = {
	id: 'performance.coverage_gap',
	about:
		'The largest difference of outcome coverage between fifths of the score, or groups: where it is more than chance (p), outcomes are not missing at random, and what is measured on them need not hold for all.',
	unit: 'share',
	subject: 'outcome',
	on: 'predictions',
	method: 'largest difference of shares; chi-square, Bonferroni over scores and attributes',
	tasks: ['binary', 'multiclass', 'regression', 'ranking'],
	measure: coverageGap,
} satisfies OutcomeMetric
