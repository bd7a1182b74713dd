import { isIdentifier } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { alpha, effectOf, effectThreshold } from '../gates.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'effect >= 0.05 and q <= 0.05'

export const detected = {
	id: 'drift.detected',
	about: '1 when both gates are passed: the effect is at least 0.05 and q is at most 0.05.',
	unit: '0 or 1',
	subject: 'feature',
	measure: (view) => {
		const tested = testable(view, method)
		if ('missing' in tested) return tested.missing
		const { q } = view.result
		if (isIdentifier(view)) return measured(0, method, { q })
		return measured(effectOf(tested.pair) >= effectThreshold && q <= alpha ? 1 : 0, method, { q })
	},
} satisfies ColumnMetric
