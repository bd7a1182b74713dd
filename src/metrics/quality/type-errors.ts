import { cellsOf } from '../cells.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'count'

export const typeErrors = {
	id: 'quality.type_errors',
	about: 'Rows in which the value has another type than declared, or is not finite.',
	unit: 'rows',
	subject: 'feature',
	measure: ({ result }) => measured(cellsOf(result).typeErrors, method),
} satisfies ColumnMetric
