import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'count'

export const rangeViolations = {
	id: 'quality.range_violations',
	about: 'Rows in which the value is below the declared minimum or above the declared maximum.',
	unit: 'rows',
	subject: 'feature',
	measure: ({ result }) => measured(result.rangeViolations, method),
} satisfies ColumnMetric
