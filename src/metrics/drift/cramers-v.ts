import { chiSquareHomogeneity, cramersV } from '../../stats/chi-square.ts'
import { total } from '../../stats/counts.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'Cramer V, Bergsma correction'

export const cramersVDrift = {
	id: 'drift.cramers_v',
	about: "Cramer's V with bias correction: the strength of the change, whatever the number of rows.",
	unit: '0 to 1',
	subject: 'feature',
	measure: (view) => {
		const tested = testable(view, method)
		if ('missing' in tested) return tested.missing
		const { reference, current } = tested.pair
		const { statistic, df } = chiSquareHomogeneity(reference, current)
		return measured(cramersV(statistic, df + 1, total(reference) + total(current)), method)
	},
} satisfies ColumnMetric
