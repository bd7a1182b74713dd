import { measured } from '../answer.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { evidenceOf } from '../gates.ts'

const method = 'chi-square homogeneity, groups expected below 5 rows pooled'

export const p = {
	id: 'drift.p',
	about: 'The probability of a difference like this without drift, for this subject alone.',
	unit: 'probability',
	subject: 'feature',
	measure: (view) => {
		return comparable(view, method) ?? measured(evidenceOf(view).p, method)
	},
} satisfies ColumnMetric
