import { totalVariation } from '../../stats/total-variation.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'total variation distance'

export const tvd = {
	id: 'drift.tvd',
	about: 'Total variation distance: the share of rows that would have to move to another group.',
	unit: '0 to 1',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		return comparable(view, method) ?? measured(totalVariation(reference.groups, result.groups), method)
	},
} satisfies ColumnMetric
