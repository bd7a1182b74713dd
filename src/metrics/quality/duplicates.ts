import type { WindowMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'count'

export const duplicates = {
	id: 'quality.duplicates',
	about: 'Rows that were sent again with the same content.',
	unit: 'rows',
	subject: 'model',
	measure: ({ result }) => measured(result.duplicates, method),
} satisfies WindowMetric
