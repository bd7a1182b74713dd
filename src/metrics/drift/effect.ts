import type { ColumnMetric } from '../descriptor.ts'
import { effectOf } from '../gates.ts'
import { measured } from '../metric-point.ts'
import { testable } from '../tested-groups.ts'

const method = 'PSI less (B - 1)(1/n + 1/m), sparse groups pooled'

export const effect = {
	id: 'drift.effect',
	about:
		'How much has changed, beyond what chance alone would show: PSI less its expected value without drift. The first of two gates.',
	unit: 'nats',
	subject: 'feature',
	measure: (view) => {
		const tested = testable(view, method)
		return 'missing' in tested ? tested.missing : measured(effectOf(tested.pair), method)
	},
} satisfies ColumnMetric
