import { bars, board, lines, numbers, table, variable } from './panels.ts'

const of = 'model="$model",environment=~"$environment"'

export const model = board(
	'plumbline-model',
	'Plumbline / Model',
	'One model: its incidents, drift by feature, performance, and the rows that came.',
	[
		variable('model', 'label_values(plumbline_incidents, model)'),
		variable('environment', 'label_values(plumbline_metric{model="$model"}, environment)', {
			includeAll: true,
			multi: true,
			allValue: '.*',
		}),
	],
	[
		numbers({
			title: 'Open incidents',
			queries: [{ expr: 'max by (severity) (plumbline_incidents{model="$model"})', legend: '{{severity}}' }],
			steps: [
				{ value: null, color: 'green' },
				{ value: 1, color: 'red' },
			],
			width: 8,
			height: 5,
		}),
		numbers({
			title: 'Age of the newest day',
			queries: [
				{
					expr: `time() - max by (environment) (plumbline_metric_window_end_timestamp_seconds{${of}})`,
					legend: '{{environment}}',
				},
			],
			unit: 's',
			width: 8,
			height: 5,
		}),
		numbers({
			title: 'Rows rejected in the last hour',
			queries: [
				{
					expr: 'sum by (code) (increase(plumbline_rejected_rows_total{model="$model"}[1h]))',
					legend: '{{code}}',
				},
			],
			decimals: 0,
			width: 8,
			height: 5,
		}),
		bars({
			title: 'Drift of features now: PSI',
			queries: [
				{
					expr: `topk(20, max by (environment, feature) (plumbline_metric{${of},metric="drift.psi"}))`,
					legend: '{{feature}} {{environment}}',
				},
			],
			steps: [
				{ value: null, color: 'green' },
				{ value: 0.1, color: 'orange' },
				{ value: 0.25, color: 'red' },
			],
			min: 0,
			decimals: 3,
			width: 12,
			height: 12,
		}),
		lines({
			title: 'Drift of features over time: PSI',
			queries: [
				{
					expr: `max by (environment, feature) (plumbline_metric{${of},metric="drift.psi"})`,
					legend: '{{feature}} {{environment}}',
				},
			],
			min: 0,
			decimals: 3,
			width: 12,
			height: 12,
		}),
		lines({
			title: 'Performance',
			queries: [
				{
					expr: `max by (environment, metric) (plumbline_metric{${of},metric=~"performance.*"})`,
					legend: '{{metric}} {{environment}}',
				},
			],
			decimals: 3,
			width: 12,
		}),
		lines({
			title: 'Rows stored',
			queries: [
				{
					expr: 'sum by (kind) (rate(plumbline_accepted_rows_total{model="$model"}[$__rate_interval]))',
					legend: '{{kind}}',
				},
			],
			unit: 'rowsps',
			width: 12,
		}),
		table({
			title: 'All values of the newest day',
			queries: [{ expr: `sort_desc(plumbline_metric{${of}})` }],
			width: 24,
			height: 10,
		}),
	],
)
