import { intervalText, numberText, shareText } from '../../charts/number-text.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import { toTable } from '../command.ts'
import type { Evaluation, GroupResult } from './evaluation.ts'
import type { Request } from './options.ts'

/** The evaluation as text: metrics, groups, disparities and the four-fifths rule. */
export function evaluationText(request: Request, result: Evaluation): string {
	const { metrics, groups, fairness, fourFifths, facets, notes, rows } = result
	const parts = [`${rows.toLocaleString('en')} rows, ${request.task}\n`, metricTable(metrics)]
	if (groups.length > 0) parts.push(groupTable(groups))
	for (const [attribute, values] of fairness) if (values.size > 0) parts.push(disparities(attribute, values))
	if (fourFifths.size > 0)
		parts.push(
			`Four-fifths rule\n${[...fourFifths].map(([name, v]) => `  ${name}: ${v.verdict.toUpperCase()}: ${v.reason}\n`).join('')}`,
		)
	for (const [facet, values] of facets)
		parts.push(
			toTable(
				[`Clarify, ${facet}`, ''],
				[...values].map(([name, x]) => [name, numberText(x)]),
			),
		)
	if (notes.length > 0) parts.push(notes.map((note) => `Note: ${note}\n`).join(''))
	return parts.join('\n')
}

function disparities(attribute: string, values: ReadonlyMap<string, MetricValue>): string {
	const [first] = values.values()
	if ([...values.values()].every((f) => Number.isNaN(f.value)))
		return `${attribute} is not compared: ${first?.reason}\n`
	const lines = [...values].map(([id, f]) => [short(id), ...cells(f), shareText(f.q)])
	return toTable([attribute, 'value', '95% interval', 'q'], lines)
}

const short = (id: string) => id.replace(/^(fairness|performance)\./, '')
const cells = (f: MetricValue) => [numberText(f.value), intervalText(f)]

function metricTable(metrics: ReadonlyMap<string, MetricValue>): string {
	const isEstimated = [...metrics.keys()].some((id) => id.startsWith('estimated.'))
	// With estimates, metrics without outcomes are left out.
	const shown = [...metrics].filter(([, f]) => !isEstimated || f.n > 0)
	const lines = shown.map(([id, f]) => {
		const trust = f.trust ? `${f.trust}${f.reason ? ': ' : ''}` : ''
		return [id, ...cells(f), f.n.toLocaleString('en'), `${trust}${f.reason ?? ''}`]
	})
	return toTable(['metric', 'value', '95% interval', 'n', ''], lines)
}

const ofGroups = [
	'fairness.selection_rate',
	'fairness.tpr',
	'fairness.fpr',
	'fairness.precision',
	'fairness.base_rate',
	'performance.accuracy',
	'performance.roc_auc',
	'performance.mae',
	'performance.rmse',
	'performance.bias',
	'performance.ndcg_10',
	'performance.mrr',
]

/** A line for each group, with the metrics that any group has. */
function groupTable(groups: readonly GroupResult[]): string {
	const ids = ofGroups.filter((id) => groups.some(({ metrics }) => metrics.has(id)))
	const lines = groups.map(({ group, n, metrics }) => [
		Object.entries(group)
			.map(([name, value]) => `${name}=${value}`)
			.join(' x '),
		n.toLocaleString('en'),
		...ids.map((id) => numberText(metrics.get(id)?.value ?? Number.NaN)),
	])
	return toTable(['group', 'rows', ...ids.map(short)], lines)
}
