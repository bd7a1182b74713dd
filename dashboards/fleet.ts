import { bars, board, heatmap, lines, numbers, table } from './panels.ts'

const severe = [
	{ value: null, color: 'green' },
	{ value: 1, color: 'red' },
]
/** From 0.1 on a shift is worth a look, from 0.25 on it is large. */
const drifted = [
	{ value: null, color: 'green' },
	{ value: 0.1, color: 'orange' },
	{ value: 0.25, color: 'red' },
]
const day = 86_400
const quantile = (q: number) =>
	`histogram_quantile(${q}, sum by (le) (rate(plumbline_http_request_duration_seconds_bucket[$__rate_interval])))`
/** Prometheus calls the label `job` of a series `exported_job`, unless it is told to honour labels. */
const jobAges = `min by (job) (
	label_replace(plumbline_job_last_success_age_seconds, "job", "$1", "exported_job", "(.+)")
)`
/** Of the processes that are Plumbline's: others have series of these names too. */
const own = (series: string) => `${series} and on (job, instance) plumbline_models`

export const fleet = board(
	'plumbline-fleet',
	'Plumbline / Fleet',
	'All models: what is wrong, what drifts, and how the service does.',
	[],
	[
		numbers({
			title: 'Open incidents',
			queries: [{ expr: 'sum by (severity) (plumbline_incidents)', legend: '{{severity}}' }],
			steps: severe,
			width: 6,
			height: 5,
		}),
		numbers({
			title: 'Models',
			queries: [{ expr: 'max(plumbline_models)', legend: 'models' }],
			width: 3,
			height: 5,
		}),
		numbers({
			title: 'Series left out',
			description: 'Beyond PLUMBLINE_PROMETHEUS_SERIES: the lists below lack them.',
			queries: [{ expr: 'max(plumbline_metric_left_out)', legend: 'series' }],
			steps: severe,
			width: 3,
			height: 5,
		}),
		table({
			title: 'Models with incidents',
			queries: [{ expr: 'sort_desc(sum by (model, severity) (plumbline_incidents) > 0)' }],
			width: 12,
			height: 5,
		}),
		bars({
			title: 'Drift: largest PSI',
			queries: [
				{
					expr: 'topk(15, max by (model, environment, feature) (plumbline_metric{metric="drift.psi"}))',
					legend: '{{model}} {{environment}} {{feature}}',
				},
			],
			steps: drifted,
			min: 0,
			decimals: 3,
			width: 12,
			height: 10,
		}),
		lines({
			title: 'ROC AUC by model',
			queries: [
				{ expr: 'plumbline_metric{metric="performance.roc_auc"}', legend: '{{model}} {{environment}}' },
			],
			max: 1,
			decimals: 3,
			width: 12,
			height: 10,
		}),
		lines({
			title: 'Rows stored',
			queries: [
				{
					expr: 'sum by (kind) (rate(plumbline_accepted_rows_total[$__rate_interval]))',
					legend: '{{kind}}',
				},
			],
			unit: 'rowsps',
			width: 8,
		}),
		lines({
			title: 'Rows rejected, by code',
			queries: [
				{
					expr: 'sum by (code) (rate(plumbline_rejected_rows_total[$__rate_interval]))',
					legend: '{{code}}',
				},
			],
			unit: 'rowsps',
			width: 8,
		}),
		bars({
			title: 'Oldest newest values',
			description: 'How long ago the day ended that the newest value is of: models without traffic.',
			queries: [
				{
					expr: 'topk(10, time() - max by (model, environment) (plumbline_metric_window_end_timestamp_seconds))',
					legend: '{{model}} {{environment}}',
				},
			],
			unit: 's',
			steps: [
				{ value: null, color: 'green' },
				{ value: 2 * day, color: 'orange' },
			],
			width: 8,
		}),
		lines({
			title: 'Latency of requests',
			queries: [
				{ expr: quantile(0.5), legend: 'p50' },
				{ expr: quantile(0.99), legend: 'p99' },
			],
			unit: 's',
			width: 8,
		}),
		heatmap({
			title: 'Latency of batches of predictions',
			queries: [
				{
					expr: 'sum by (le) (increase(plumbline_http_request_duration_seconds_bucket{operation="postPredictions"}[$__rate_interval]))',
				},
			],
			width: 8,
		}),
		lines({
			title: 'Requests by status',
			queries: [
				{
					expr: 'sum by (status) (rate(plumbline_http_requests_total[$__rate_interval]))',
					legend: '{{status}}',
				},
			],
			unit: 'reqps',
			width: 8,
		}),
		lines({
			title: 'Time since jobs last ended well',
			queries: [
				{
					expr: jobAges,
					legend: '{{job}}',
				},
			],
			unit: 's',
			width: 8,
		}),
		lines({
			title: 'Rows that wait for the writer',
			queries: [
				{ expr: 'plumbline_log_queue_rows', legend: 'waiting {{instance}}' },
				{ expr: 'plumbline_log_queue_limit_rows', legend: 'limit {{instance}}' },
			],
			min: 0,
			width: 8,
		}),
		lines({
			title: 'Memory',
			queries: [
				{ expr: own('process_resident_memory_bytes'), legend: 'process {{instance}}' },
				{ expr: 'plumbline_model_cache_bytes', legend: 'opened models {{instance}}' },
				{ expr: 'plumbline_log_memory_bytes', legend: 'key index {{instance}}' },
			],
			unit: 'bytes',
			min: 0,
			width: 8,
		}),
	],
)
