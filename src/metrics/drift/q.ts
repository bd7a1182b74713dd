import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'Benjamini-Hochberg over the family of the window'

export const q = {
	id: 'drift.q',
	about:
		'The same after Benjamini-Hochberg over all features, score, decision and segments of the window. The second of two gates.',
	unit: 'probability',
	subject: 'feature',
	measure: (view) => {
		const { result } = view
		const tested = testable(view, method)
		if ('missing' in tested) return tested.missing
		return measured(result.q, method, { q: result.q })
	},
} satisfies ColumnMetric
