import { total } from '../stats/counts.ts'
import { wilson } from '../stats/estimate.ts'
import { extraBins } from '../summaries/inputs/bins.ts'
import type { ColumnMetric, RejectionMetric, WindowMetric } from './descriptor.ts'
import { insufficient, type MetricResult, measured } from './metric-value.ts'
import type { ColumnResult } from './window-result.ts'

const count = (rows: number): MetricResult => measured(rows, 'count')

/** All rows of a column, and those in the three bins after those of its values. */
function rowsOf({ groups }: ColumnResult) {
	const first = groups.length - extraBins
	const at = (offset: number) => groups[first + offset] as number
	return { rows: total(groups), unseen: at(0), missing: at(1), typeErrors: at(2) }
}

function nullRate(result: ColumnResult): MetricResult {
	const method = 'share, Wilson interval'
	const { rows, missing } = rowsOf(result)
	return rows === 0
		? insufficient(method, 'no rows')
		: measured(missing / rows, method, wilson(missing, rows))
}

function constant(result: ColumnResult): MetricResult {
	const method = 'all values equal'
	const { rows, missing, typeErrors } = rowsOf(result)
	return rows - missing - typeErrors < 2
		? insufficient(method, 'fewer than two values')
		: measured(result.constant ? 1 : 0, method)
}

function freshness(lastMs: number, until: number): MetricResult {
	const method = 'end of the window less the last event time'
	return Number.isNaN(lastMs)
		? insufficient(method, 'no rows')
		: measured(Math.max(0, until - lastMs), method)
}

/** Rows that were rejected on arrival. */
export const rejectedRows = {
	id: 'quality.rejected_rows',
	about:
		'Rows that were rejected, by the hour in which they came and by code (`code`), of all kinds of rows. They belong to no version; where the environment is not known it is `production`.',
	unit: 'rows',
	subject: 'rejection',
	method: 'count by time of receipt',
} satisfies RejectionMetric

/** Whether the rows are complete and as the version declares them. */
export const quality: readonly (ColumnMetric | WindowMetric | RejectionMetric)[] = [
	{
		id: 'quality.constant',
		about: '1 when all values that are there are the same.',
		unit: '0 or 1',
		subject: 'feature',
		measure: ({ result }) => constant(result),
	},
	{
		id: 'quality.domain_violations',
		about: 'Rows in which the value is not one of the declared ones.',
		unit: 'rows',
		subject: 'feature',
		measure: ({ result }) => count(result.domainViolations),
	},
	{
		id: 'quality.duplicates',
		about: 'Rows that were sent again with the same content.',
		unit: 'rows',
		subject: 'model',
		measure: ({ result }) => count(result.duplicates),
	},
	{
		id: 'quality.freshness_ms',
		about: 'Time from the last prediction to the end of the window, or to now while it is open.',
		unit: 'ms',
		subject: 'model',
		measure: ({ result, until }) => freshness(result.lastMs, until),
	},
	{
		id: 'quality.null_rate',
		about: 'The share of rows in which the value is null or absent.',
		unit: 'share',
		subject: 'feature',
		measure: ({ result }) => nullRate(result),
	},
	{
		id: 'quality.range_violations',
		about: 'Rows in which the value is below the declared minimum or above the declared maximum.',
		unit: 'rows',
		subject: 'feature',
		measure: ({ result }) => count(result.rangeViolations),
	},
	rejectedRows,
	{
		id: 'quality.schema_violations',
		about: 'Rows with a missing, unknown, wrongly typed or forbidden value in any feature.',
		unit: 'rows',
		subject: 'model',
		measure: ({ result }) => count(result.schemaViolations),
	},
	{
		id: 'quality.type_errors',
		about: 'Rows in which the value has another type than declared, or is not finite.',
		unit: 'rows',
		subject: 'feature',
		measure: ({ result }) => count(rowsOf(result).typeErrors),
	},
	{
		id: 'quality.unseen_categories',
		about: 'Rows with a category that the baseline does not have.',
		unit: 'rows',
		subject: 'feature',
		measure: ({ reference, result, spec, hasBaseline }) => {
			if (!hasBaseline) return insufficient('count', 'there is no baseline to compare categories with')
			const hasCategories = reference.bins.kind === 'categorical' && spec?.type !== 'text'
			return count(hasCategories ? rowsOf(result).unseen : 0)
		},
	},
	{
		id: 'quality.volume',
		about: 'Predictions in the window.',
		unit: 'rows',
		subject: 'model',
		measure: ({ result }) => count(result.rows),
	},
]
