import { wilson } from '../../stats/wilson.ts'
import type { WindowMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'share, Wilson interval'

export const errorRate = {
	id: 'service.error_rate',
	about: 'The share of rows with no score, label or probabilities: the model did not answer.',
	unit: 'share',
	subject: 'model',
	measure: ({ result }) => {
		if (result.rows === 0) return insufficient(method, 'no rows')
		return measured(result.errors / result.rows, method, wilson(result.errors, result.rows))
	},
} satisfies WindowMetric
