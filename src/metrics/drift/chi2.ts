import { chiSquareHomogeneity } from '../../stats/chi-square.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'chi-square homogeneity, sparse groups pooled'

export const chi2 = {
	id: 'drift.chi2',
	about: 'Chi-square statistic of the test that window and baseline come from one population.',
	unit: 'statistic',
	subject: 'feature',
	measure: (view) => {
		const tested = testable(view, method)
		if ('missing' in tested) return tested.missing
		const { statistic, p } = chiSquareHomogeneity(tested.pair.reference, tested.pair.current)
		return measured(statistic, method, { p })
	},
} satisfies ColumnMetric
