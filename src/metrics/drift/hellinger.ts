import { hellinger } from '../../stats/hellinger.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'Hellinger distance'

export const hellingerDistance = {
	id: 'drift.hellinger',
	about: 'Hellinger distance over the groups of PSI.',
	unit: '0 to 1',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		return comparable(view, method) ?? measured(hellinger(reference.groups, result.groups), method)
	},
} satisfies ColumnMetric
