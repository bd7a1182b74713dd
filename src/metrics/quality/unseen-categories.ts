import { cellsOf } from '../cells.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'count'

export const unseenCategories = {
	id: 'quality.unseen_categories',
	about: 'Rows with a category that the baseline does not have.',
	unit: 'rows',
	subject: 'feature',
	measure: ({ reference, result, spec, hasBaseline }) => {
		if (!hasBaseline) return insufficient(method, 'there is no baseline to have seen categories')
		if (reference.bins.kind === 'numeric' || spec?.type === 'text') return measured(0, method)
		return measured(cellsOf(result).unseen, method)
	},
} satisfies ColumnMetric
