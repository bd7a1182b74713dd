import { chiSquareHomogeneity, poolSparse } from '../../stats/chi-square.ts'
import { measured } from '../answer.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'

const method = 'chi-square homogeneity, groups expected below 5 rows pooled'

export const chi2 = {
	id: 'drift.chi2',
	about: 'Chi-square statistic of the test that window and baseline come from one population.',
	unit: 'statistic',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		const missing = comparable(view, method)
		if (missing) return missing
		const pooled = poolSparse(reference.groups, result.groups)
		const { statistic, p } = chiSquareHomogeneity(pooled.reference, pooled.current)
		return measured(statistic, method, { p })
	},
} satisfies ColumnMetric
