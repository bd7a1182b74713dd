import { measured } from '../answer.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { alpha, effectOf, effectThreshold } from '../gates.ts'

const method = 'effect >= 0.05 and q <= 0.05'

export const detected = {
	id: 'drift.detected',
	about: '1 when both gates are passed: the effect is at least 0.05 and q is at most 0.05.',
	unit: '0 or 1',
	subject: 'feature',
	measure: (view) => {
		const { result } = view
		const missing = comparable(view, method)
		if (missing) return missing
		return measured(effectOf(view) >= effectThreshold && result.q <= alpha ? 1 : 0, method, { q: result.q })
	},
} satisfies ColumnMetric
