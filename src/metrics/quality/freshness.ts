import type { WindowMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'end of the window less the last event time'

export const freshness = {
	id: 'quality.freshness_ms',
	about: 'Time from the last prediction to the end of the window, or to now while it is open.',
	unit: 'ms',
	subject: 'model',
	measure: ({ result, until }) => {
		if (Number.isNaN(result.lastMs)) return insufficient(method, 'no rows')
		return measured(Math.max(0, until - result.lastMs), method)
	},
} satisfies WindowMetric
