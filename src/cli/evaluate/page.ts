import { numberText } from '../../charts/number-text.ts'
import { intervalBars } from '../../charts/plots.ts'
import { escape } from '../../charts/svg.ts'
import type { Evaluation, GroupResult } from './evaluation.ts'
import { figure, figuresOf } from './page-figures.ts'
import { pageStyle } from './page-style.ts'
import { fairnessTable, groupName, groupTable, htmlTable, metricTable } from './page-tables.ts'
import type { Request } from './request.ts'
import type { Rows } from './rows.ts'
import type { RowsView } from './rows-view.ts'

/** `file`: the name of the data. */
export type PageInput = { request: Request; result: Evaluation; view: RowsView; rows: Rows; file: string }

const maxBars = 16
const bars = [
	[
		'fairness.selection_rate',
		'Selection rate',
		'The share that got the favourable decision, or the positive one where nobody said which is favourable.',
	],
	['fairness.tpr', 'True positive rate', 'Of what turned out positive, the share that was decided positive.'],
	[
		'fairness.fpr',
		'False positive rate',
		'Of what turned out negative, the share that was decided positive.',
	],
	['performance.mae', 'Mean absolute error', 'How far predictions are off on average.'],
	['performance.bias', 'Bias', 'The mean of prediction less outcome.'],
	['performance.accuracy', 'Accuracy', 'The share of decisions that turned out right.'],
	['performance.ndcg_10', 'NDCG at 10', 'How good the order of the first ten is.'],
] as const
const tableOnly = [
	'fairness.precision',
	'fairness.base_rate',
	'performance.roc_auc',
	'performance.rmse',
	'performance.mrr',
]

/** One page that needs nothing else: no script, no font, no request. */
export function evaluationPage(input: PageInput): string {
	const { request, result, view, rows, file } = input
	const title = `Evaluation of ${file.split(/[/\\]/).at(-1) ?? file}`
	const figures = figuresOf(view, rows)
	const body = [
		`<h1>${escape(title)}</h1>`,
		`<p class="soft">${escape(`${result.rows.toLocaleString('en')} rows, task ${request.task}. Outcome: ${request.actual}.${rule(request)}`)}</p>`,
		...result.notes.map((note) => `<p><strong>Note.</strong> ${escape(note)}</p>`),
		verdictList(result),
		`<h2>Performance</h2>${metricTable(result.metrics)}`,
		figures.length > 0 ? `<div class="figures">${figures.join('')}</div>` : '',
		fairnessPart(result),
		facetPart(result),
	].join('\n')
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escape(title)}</title><style>${pageStyle}</style></head>
<body><main>
${body}
</main></body></html>
`
}

const rule = ({ task, prediction, threshold }: Request): string =>
	task !== 'binary'
		? ''
		: prediction === undefined
			? ` A score from ${threshold} on is a positive decision.`
			: ` Decisions: ${prediction}.`

function verdictList({ fourFifths }: Evaluation): string {
	if (fourFifths.size === 0) return ''
	const items = [...fourFifths].map(
		([attribute, { verdict, reason }]) =>
			`<li><span class="tag ${verdict}">${verdict.toUpperCase()}</span> <strong>${escape(attribute)}</strong>: ${escape(reason)}</li>`,
	)
	return `<h2>Four-fifths rule</h2><p class="soft">Is the lowest rate of the favourable decision at least 0.8 of the highest?</p><ul class="verdicts">${items.join('')}</ul>`
}

function fairnessPart({ fairness, groups }: Evaluation): string {
	const parts = [...fairness].map(([attribute, findings], i) => {
		const own = groups.filter(({ group }) => Object.keys(group).join(' x ') === attribute)
		const known = [...bars.map(([id]) => id), ...tableOnly].filter((id) => own.some((g) => g.metrics.has(id)))
		const isSingle = own.every(({ group }) => Object.keys(group).length === 1)
		const charts = isSingle ? groupCharts(attribute, own, i) : []
		return [
			`<h2>${escape(isSingle ? `Groups of ${attribute}` : attribute)}</h2>`,
			charts.length > 0 ? `<div class="figures">${charts.join('')}</div>` : '',
			groupTable(attribute, own, known),
			findings.size > 0 ? fairnessTable(attribute, findings) : '',
		].join('\n')
	})
	return parts.join('\n')
}

function groupCharts(attribute: string, groups: readonly GroupResult[], at: number): string[] {
	const shown = groups.toSorted((a, b) => b.n - a.n).slice(0, maxBars)
	return bars
		.filter(
			([id]) => id !== 'performance.bias' && shown.some((g) => Number.isFinite(g.metrics.get(id)?.value)),
		)
		.filter(([id], _, all) => id !== 'performance.accuracy' || all.length === 1)
		.map(([id, title, about]) => {
			const list = shown.map((g) => {
				const { value = Number.NaN, low = Number.NaN, high = Number.NaN } = g.metrics.get(id) ?? {}
				return { name: groupName(g), value, low, high }
			})
			const description = list.map((b) => `${b.name}: ${numberText(b.value)}`).join('; ')
			const more = groups.length > shown.length ? ` The ${maxBars} largest groups.` : ''
			const picture = intervalBars(
				{ id: `g${at}-${id.replace('.', '-')}`, title: `${title} by ${attribute}`, description },
				title.toLowerCase(),
				list,
			)
			return figure(`${title} by ${attribute}`, picture, `${about}${more}`, '')
		})
}

function facetPart({ facets }: Evaluation): string {
	if (facets.size === 0) return ''
	const tables = [...facets].map(([facet, values]) =>
		htmlTable(
			`${facet}: the group as the facet, against all other rows.`,
			['metric', { text: 'value', kind: 'n' }],
			[...values].map(([name, x]) => [name, { text: numberText(x), kind: 'n' as const }]),
		),
	)
	return `<h2>SageMaker Clarify’s metrics</h2>${tables.join('')}`
}
