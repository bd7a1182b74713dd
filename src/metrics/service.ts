import { wilson } from '../stats/estimate.ts'
import type { WindowMetric, WindowView } from './descriptor.ts'
import { insufficient, type MetricResult, measured } from './metric-value.ts'

function errorRate({ result: { rows, errors } }: WindowView): MetricResult {
	const method = 'share, Wilson interval'
	return rows === 0 ? insufficient(method, 'no rows') : measured(errors / rows, method, wilson(errors, rows))
}

function latency(value: number): MetricResult {
	const method = 'nearest rank on buckets of 1% relative width'
	return Number.isNaN(value) ? insufficient(method, 'no row had latencyMs') : measured(value, method)
}

/** How the model's service answered. */
export const service: readonly WindowMetric[] = [
	{
		id: 'service.error_rate',
		about: 'The share of rows with no score, label or probabilities: the model did not answer.',
		unit: 'share',
		subject: 'model',
		measure: errorRate,
	},
	{
		id: 'service.latency_p50_ms',
		about: 'The latency that 50% of the predictions stay below or at, of those that were sent with one.',
		unit: 'ms',
		subject: 'model',
		measure: ({ result }) => latency(result.latency.p50),
	},
	{
		id: 'service.latency_p95_ms',
		about: 'The latency that 95% of the predictions stay below or at, of those that were sent with one.',
		unit: 'ms',
		subject: 'model',
		measure: ({ result }) => latency(result.latency.p95),
	},
	{
		id: 'service.latency_p99_ms',
		about: 'The latency that 99% of the predictions stay below or at, of those that were sent with one.',
		unit: 'ms',
		subject: 'model',
		measure: ({ result }) => latency(result.latency.p99),
	},
	{
		id: 'service.rate',
		about: 'Predictions per second over the window so far.',
		unit: '1/s',
		subject: 'model',
		measure: ({ result, from, until }) =>
			measured(result.rows / Math.max(1, (until - from) / 1000), 'rows over seconds'),
	},
]
