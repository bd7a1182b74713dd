import type { ColumnMetric } from '../descriptor.ts'
import { measured } from '../metric-point.ts'

const method = 'count'

export const domainViolations = {
	id: 'quality.domain_violations',
	about: 'Rows in which the value is not one of the declared ones.',
	unit: 'rows',
	subject: 'feature',
	measure: ({ result }) => measured(result.domainViolations, method),
} satisfies ColumnMetric
