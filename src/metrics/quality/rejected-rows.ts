import type { RejectionMetric } from '../descriptor.ts'

export const rejectedRows = {
	id: 'quality.rejected_rows',
	about:
		'Rows that were rejected, by the hour in which they came and by code (`code`), of all kinds of rows. They belong to no version; where the environment is not known it is `production`.',
	unit: 'rows',
	subject: 'rejection',
	method: 'count by time of receipt',
} satisfies RejectionMetric
