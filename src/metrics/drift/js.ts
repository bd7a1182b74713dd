import { jensenShannon } from '../../stats/jensen-shannon.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'Jensen-Shannon distance, base 2'

export const js = {
	id: 'drift.js',
	about: 'Jensen-Shannon distance over the groups of PSI: 0 alike, 1 nothing in common.',
	unit: 'distance, base 2',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		return comparable(view, method) ?? measured(jensenShannon(reference.groups, result.groups), method)
	},
} satisfies ColumnMetric
