import type { ColumnMetric } from '../descriptor.ts'
import { evidenceOf } from '../gates.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'chi-square homogeneity, sparse groups pooled'

export const p = {
	id: 'drift.p',
	about: 'The probability of a difference like this without drift, for this subject alone.',
	unit: 'probability',
	subject: 'feature',
	measure: (view) => {
		const tested = testable(view, method)
		return 'missing' in tested ? tested.missing : measured(evidenceOf(tested.pair).p, method)
	},
} satisfies ColumnMetric
