import type { WindowMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'count'

export const schemaViolations = {
	id: 'quality.schema_violations',
	about: 'Rows with a missing, unknown, wrongly typed or forbidden value in any feature.',
	unit: 'rows',
	subject: 'model',
	measure: ({ result }) => measured(result.schemaViolations, method),
} satisfies WindowMetric
