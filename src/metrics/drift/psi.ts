import { psi as stabilityIndex } from '../../stats/psi.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'PSI, half a row added to every used group'

export const psi = {
	id: 'drift.psi',
	about:
		'Population stability index over tenths of the baseline (value by value when there are at most 20; categories one by one). Missing, unseen and wrongly typed are groups of their own. Below 0.1 is usually called stable, above 0.2 a major shift.',
	unit: 'nats',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		return comparable(view, method) ?? measured(stabilityIndex(reference.groups, result.groups), method)
	},
} satisfies ColumnMetric
