import { measured } from '../answer.ts'
import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { effectOf } from '../gates.ts'

const method = 'PSI less (B - 1)(1/n + 1/m)'

export const effect = {
	id: 'drift.effect',
	about:
		'How much has changed, beyond what chance alone would show: PSI less its expected value without drift. The first of two gates.',
	unit: 'nats',
	subject: 'feature',
	measure: (view) => {
		return comparable(view, method) ?? measured(effectOf(view), method)
	},
} satisfies ColumnMetric
