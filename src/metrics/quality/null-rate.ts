import { wilson } from '../../stats/wilson.ts'
import { cellsOf } from '../cells.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'share, Wilson interval'

export const nullRate = {
	id: 'quality.null_rate',
	about: 'The share of rows in which the value is null or absent.',
	unit: 'share',
	subject: 'feature',
	measure: ({ result }) => {
		const { rows, missing } = cellsOf(result)
		return rows === 0
			? insufficient(method, 'no rows')
			: measured(missing / rows, method, wilson(missing, rows))
	},
} satisfies ColumnMetric
