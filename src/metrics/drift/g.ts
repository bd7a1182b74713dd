import { gHomogeneity, poolSparse } from '../../stats/chi-square.ts'
import { measured } from '../answer.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'

const method = 'G-test of homogeneity, groups expected below 5 rows pooled'

export const g = {
	id: 'drift.g',
	about: 'Likelihood-ratio statistic of the same test.',
	unit: 'statistic',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		const missing = comparable(view, method)
		if (missing) return missing
		const pooled = poolSparse(reference.groups, result.groups)
		const { statistic, p } = gHomogeneity(pooled.reference, pooled.current)
		return measured(statistic, method, { p })
	},
} satisfies ColumnMetric
