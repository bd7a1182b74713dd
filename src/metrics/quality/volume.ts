import type { WindowMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'count'

export const volume = {
	id: 'quality.volume',
	about: 'Predictions in the window.',
	unit: 'rows',
	subject: 'model',
	measure: ({ result }) => measured(result.rows, method),
} satisfies WindowMetric
