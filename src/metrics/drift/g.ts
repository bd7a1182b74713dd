import { gHomogeneity } from '../../stats/chi-square.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'G-test of homogeneity, sparse groups pooled'

export const g = {
	id: 'drift.g',
	about: 'Likelihood-ratio statistic of the same test.',
	unit: 'statistic',
	subject: 'feature',
	measure: (view) => {
		const tested = testable(view, method)
		if ('missing' in tested) return tested.missing
		const { statistic, p } = gHomogeneity(tested.pair.reference, tested.pair.current)
		return measured(statistic, method, { p })
	},
} satisfies ColumnMetric
