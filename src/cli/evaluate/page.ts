import { numberText } from '../../charts/number-text.ts'
import { intervalBars } from '../../charts/plots.ts'
import { escape } from '../../charts/svg.ts'
import type { Evaluation, GroupResult } from './evaluation.ts'
import type { Request } from './options.ts'
import { figure, figuresOf } from './page-figures.ts'
import { fairnessTable, groupName, groupTable, htmlTable, metricTable } from './page-tables.ts'
import type { Rows } from './rows.ts'
import type { RowsView } from './rows-view.ts'

/** `file`: the name of the data. */
export type PageInput = { request: Request; result: Evaluation; view: RowsView; rows: Rows; file: string }

const maxBars = 16
const bars = [
	[
		'fairness.selection_rate',
		'Selection rate',
		'The share with the favourable decision, or with the positive one if --favourable is not given.',
	],
	['fairness.tpr', 'True positive rate', 'The share of positive outcomes with a positive decision.'],
	['fairness.fpr', 'False positive rate', 'The share of negative outcomes with a positive decision.'],
	['performance.mae', 'Mean absolute error', 'The mean absolute difference of prediction and outcome.'],
	['performance.bias', 'Bias', 'The mean of prediction minus outcome.'],
	['performance.accuracy', 'Accuracy', 'The share of correct decisions.'],
	['performance.ndcg_10', 'NDCG at 10', 'The quality of the order of the first ten.'],
] as const
const tableOnly = [
	'fairness.precision',
	'fairness.base_rate',
	'performance.roc_auc',
	'performance.rmse',
	'performance.mrr',
]

/** A self-contained page without scripts, fonts or requests. */
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
			? ` A score of at least ${threshold} is a positive decision.`
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
	const parts = [...fairness].map(([attribute, values], i) => {
		const own = groups.filter(({ group }) => Object.keys(group).join(' x ') === attribute)
		const known = [...bars.map(([id]) => id), ...tableOnly].filter((id) => own.some((g) => g.metrics.has(id)))
		const isSingle = own.every(({ group }) => Object.keys(group).length === 1)
		const charts = isSingle ? groupCharts(attribute, own, i) : []
		return [
			`<h2>${escape(isSingle ? `Groups of ${attribute}` : attribute)}</h2>`,
			charts.length > 0 ? `<div class="figures">${charts.join('')}</div>` : '',
			groupTable(attribute, own, known),
			values.size > 0 ? fairnessTable(attribute, values) : '',
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

/** The style sheet of the page: light, dark and print. */
export const pageStyle = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#55606e;--line:#d5dae1;--paper:#fff;--panel:#f6f8fa;--a:#2160c4;--b:#b4530a;--good:#1a7f4b;--bad:#b42318;--open:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#a3afbe;--line:#37414e;--paper:#12171e;--panel:#1a212b;--a:#78aefb;--b:#f2a65a;--good:#5fd39a;--bad:#ff9287;--open:#f0c25c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:960px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}h2{font-size:19px;margin:36px 0 10px}h3{font-size:16px;margin:26px 0 8px}
p{margin:6px 0;max-width:75ch}.soft,figcaption,caption{color:var(--soft)}
.wrap{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%;margin:6px 0}
caption{text-align:left;font-size:13px;padding:4px 0}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
th{font-weight:600}td.n,th.n{text-align:right;white-space:nowrap}td.why{overflow-wrap:anywhere;color:var(--soft);font-size:13px;min-width:16em}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:20px}
figure{margin:0;padding:14px;background:var(--panel);border:1px solid var(--line);border-radius:8px;break-inside:avoid;min-width:0}
figcaption{font-size:13px;margin-top:6px}figure h3{margin:0 0 6px}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
svg .tick{fill:var(--soft)}svg .label{fill:var(--ink)}svg .on{fill:var(--paper)}
svg .grid{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--soft)}svg .ideal{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
svg .curve{fill:none;stroke-width:2;stroke-linejoin:round}svg .curve.a{stroke:var(--a)}svg .curve.b{stroke:var(--b)}
svg .dot.a,svg .bar.a,svg .cell{fill:var(--a)}svg .dot.b,svg .bar.b{fill:var(--b)}svg .bar.see{fill-opacity:.55}
svg .whisker{stroke-width:1.75}svg .whisker.a{stroke:var(--a)}svg .whisker.ink{stroke:var(--ink)}
details{margin:8px 0}summary{cursor:pointer;color:var(--soft);font-size:13px}
.verdicts{list-style:none;padding:0;margin:0}.verdicts li{padding:7px 0;border-bottom:1px solid var(--line)}
.tag{display:inline-block;min-width:8.5em;font-weight:700}.pass{color:var(--good)}.fail{color:var(--bad)}.inconclusive,.doubtful{color:var(--open)}
@media print{:root{--paper:#fff;--panel:#fff;--ink:#000;--soft:#444;--line:#bbb;--a:#2160c4;--b:#b4530a;--good:#1a7f4b;--bad:#b42318;--open:#8a5a00}
main{max-width:none;padding:0}body{font-size:11pt}h2,h3{break-after:avoid}tr{break-inside:avoid}.figures{grid-template-columns:1fr 1fr;gap:10px}summary{display:none}details::details-content{content-visibility:visible;height:auto}.wrap{overflow:visible}}
`
