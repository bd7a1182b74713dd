import { largestDifference } from '../../stats/total-variation.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'L-infinity distance'

export const linf = {
	id: 'drift.linf',
	about: 'The largest change of the share of one group.',
	unit: '0 to 1',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		return comparable(view, method) ?? measured(largestDifference(reference.groups, result.groups), method)
	},
} satisfies ColumnMetric
