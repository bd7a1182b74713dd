import type { WindowMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'nearest rank on buckets of 1% relative width'

export const latencyP95 = {
	id: 'service.latency_p95_ms',
	about: 'The latency that 95% of the predictions stay below or at, of those that were sent with one.',
	unit: 'ms',
	subject: 'model',
	measure: ({ result }) => {
		const value = result.latency.p95
		return Number.isNaN(value) ? insufficient(method, 'no row had latencyMs') : measured(value, method)
	},
} satisfies WindowMetric
