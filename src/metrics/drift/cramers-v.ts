import { chiSquareHomogeneity, cramersV } from '../../stats/chi-square.ts'
import { total } from '../../stats/counts.ts'
import { usedCells } from '../../stats/psi.ts'
import { measured } from '../answer.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'

const method = 'Cramer V, Bergsma correction'

export const cramersVDrift = {
	id: 'drift.cramers_v',
	about: "Cramer's V with bias correction: the strength of the change, whatever the number of rows.",
	unit: '0 to 1',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		const missing = comparable(view, method)
		if (missing) return missing
		const { statistic } = chiSquareHomogeneity(reference.groups, result.groups)
		const rows = total(reference.groups) + total(result.groups)
		return measured(cramersV(statistic, usedCells(reference.groups, result.groups), rows), method)
	},
} satisfies ColumnMetric
