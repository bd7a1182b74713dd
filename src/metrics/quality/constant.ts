import { cellsOf } from '../cells.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'all values equal'

export const constant = {
	id: 'quality.constant',
	about: '1 when all values that are there are the same.',
	unit: '0 or 1',
	subject: 'feature',
	measure: ({ result }) => {
		const { rows, missing, typeErrors } = cellsOf(result)
		const values = rows - missing - typeErrors
		return values < 2
			? insufficient(method, 'fewer than two values')
			: measured(result.constant ? 1 : 0, method)
	},
} satisfies ColumnMetric
