import type { WindowMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'rows over seconds'

export const rate = {
	id: 'service.rate',
	about: 'Predictions per second over the window so far.',
	unit: '1/s',
	subject: 'model',
	measure: ({ result, from, until }) => measured(result.rows / Math.max(1, (until - from) / 1000), method),
} satisfies WindowMetric
