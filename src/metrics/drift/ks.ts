import { total } from '../../stats/counts.ts'
import { kolmogorovSmirnovP } from '../../stats/kolmogorov-smirnov.ts'
import { extraCells } from '../../summaries/inputs/bins.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'two-sample Kolmogorov-Smirnov on the grid, asymptotic p'

export const ks = {
	id: 'drift.ks',
	about:
		'Kolmogorov-Smirnov distance: the largest gap between the two distribution functions, at the edges of the bins, over rows that have a value.',
	unit: '0 to 1',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		const missing = comparable(view, method, true)
		if (missing) return missing
		if (Number.isNaN(result.ks)) return insufficient(method, 'categories have no order; see drift.chi2')
		const size = (groups: Float64Array) => total(groups.subarray(0, groups.length - extraCells))
		return measured(result.ks, method, {
			p: kolmogorovSmirnovP(
				result.ks,
				size(reference.groups) * (view.independent?.reference ?? 1),
				size(result.groups) * (view.independent?.current ?? 1),
			),
		})
	},
} satisfies ColumnMetric
