import { escape } from '../../../charts/svg.ts'
import type { ReportDocument } from '../document.ts'
import type { ReportSection, ReportTable } from '../template.ts'
import { chartsOf, type DrawnChart } from './charts.ts'
import {
	captionOf,
	cellText,
	type FrontMatter,
	frontMatter,
	incompleteText,
	isLink,
	isNumeric,
	paragraphsOf,
} from './front-matter.ts'

const css = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --panel: #f4f6f8; --line: #d0d7de; --link: #0a4fa8; --warn: #a63603; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf0; --paper: #14181d; --panel: #1e242b; --line: #3a434d; --link: #8fc1ff; --warn: #ffb077; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 1rem/1.55 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); } a:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.4rem 0 .5rem; border-bottom: 2px solid var(--line); }
.draft { position: sticky; top: 0; z-index: 1; margin: 0; padding: .5rem 1.5rem; background: var(--warn); color: var(--paper); font-weight: 700; text-align: center; }
.note { border-left: 4px solid var(--warn); background: var(--panel); padding: .6rem .9rem; margin: 1rem 0; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1.2rem; } dt { font-weight: 600; } dd { margin: 0; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; min-width: 4rem; max-width: 24rem; }
thead th { background: var(--panel); } th[scope=row] { font-weight: 500; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; min-width: 0; }
figure { margin: 1rem 0; } figure svg { display: block; width: 100%; max-width: 60rem; height: auto; border: 1px solid var(--line); border-radius: 6px; } figcaption { font-size: .85rem; } .day { white-space: nowrap; }
@media (max-width: 40rem) { main { padding: .5rem 1rem 2rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@page { size: A4; margin: 18mm 16mm; }
@media print {
	:root { color-scheme: light; --ink: #000; --paper: #fff; --panel: #f0f2f4; --line: #b8c0c8; --link: #0a4fa8; --warn: #a63603; }
	body { font-size: 9.5pt; } main { max-width: none; padding: 0; } .skip, nav { display: none; }
	.draft { position: static; } .scroll { overflow: visible; } table { font-size: 7.5pt; } .n { overflow-wrap: normal; }
	th, td { min-width: 0; padding-right: .35rem; overflow-wrap: anywhere; } thead { display: table-header-group; } tr, figure, .note { break-inside: avoid; } h2, caption { break-after: avoid; }
	.mark { display: block !important; position: fixed; top: 40%; left: 0; right: 0; text-align: center; font-size: 110pt; font-weight: 700; opacity: .09; transform: rotate(-35deg); }
}
.mark { display: none; }
`

const inPage = "default-src 'none'; style-src 'unsafe-inline'"
/** Also as a header, where the page is not a file. */
export const pagePolicy = `${inPage}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const tag = (name: string, content: string, attributes = ''): string =>
	`<${name}${attributes}>${content}</${name}>`
const attribute = (name: string, value: string): string => ` ${name}="${escape(value)}"`

const linked = (text: string): string =>
	isLink(text) ? tag('a', escape(text), `${attribute('href', text)} rel="noreferrer"`) : escape(text)

/** A day is not broken at its hyphens. */
const contentOf = (text: string): string =>
	/^\d{4}-\d\d-\d\d$/.test(text) ? tag('span', text, ' class="day"') : linked(text)

function tableHtml(table: ReportTable): string {
	const numeric = table.columns.map((_, i) => (isNumeric(table, i) ? ' class="n"' : ''))
	const caption = captionOf(table)
	const head = table.columns.map((name, i) => tag('th', escape(name), `${numeric[i]} scope="col"`)).join('')
	const rows = table.rows.map((row) => {
		const cells = table.columns.map((_, i) => {
			const content = contentOf(cellText(row[i] ?? null))
			return i === 0 ? tag('th', content, `${numeric[i]} scope="row"`) : tag('td', content, numeric[i])
		})
		return tag('tr', cells.join(''))
	})
	const empty =
		rows.length === 0
			? tag('tr', tag('td', 'No rows.', ` colspan="${Math.max(1, table.columns.length)}"`))
			: ''
	const body =
		tag('caption', escape(caption)) + tag('thead', tag('tr', head)) + tag('tbody', rows.join('\n') + empty)
	return tag(
		'div',
		tag('table', body),
		`${attribute('aria-label', caption)} class="scroll" role="region" tabindex="0"`,
	)
}

// The ids of a picture are unique in the page.
const chartHtml = ({ svg, alt }: DrawnChart, id: string): string => {
	const unique = svg
		.replace('aria-labelledby="title desc"', `aria-labelledby="${id}-t ${id}-d"`)
		.replace('<title id="title">', `<title id="${id}-t">`)
		.replace('<desc id="desc">', `<desc id="${id}-d">`)
	return tag('figure', unique + tag('figcaption', escape(alt)))
}

function sectionHtml(section: ReportSection, number: number): string {
	const id = `section-${number}`
	const isIncomplete = section.status === 'incomplete'
	return tag(
		'section',
		[
			tag('h2', `${number}. ${escape(section.title)}${isIncomplete ? ' (incomplete)' : ''}`, ` id="${id}"`),
			isIncomplete ? tag('p', incompleteText, ' class="note"') : '',
			...paragraphsOf(section).map((p) => tag('p', escape(p).replaceAll('\n', '<br>'))),
			...chartsOf(section).map((chart, i) => chartHtml(chart, `${id}-chart-${i + 1}`)),
			...section.tables.map(tableHtml),
		].join('\n'),
		` aria-labelledby="${id}"`,
	)
}

/** A page of its own without scripts and external resources, to be read and to be printed. */
export const renderHtml = (report: ReportDocument): string =>
	renderPage(frontMatter(report), report.sections, 'This report has no sections.')

/** What opens a document, then its sections. */
export function renderPage(
	{ title, draft, facts, tables }: FrontMatter,
	sections: readonly ReportSection[],
	ifEmpty: string,
): string {
	const contents = sections.map((s, i) =>
		tag(
			'li',
			tag('a', escape(s.title), ` href="#section-${i + 1}"`) +
				(s.status === 'incomplete' ? ' (incomplete)' : ''),
		),
	)
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${inPage}">
<title>${escape(title)}</title><style>${css}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
${draft === undefined ? '' : `${tag('p', draft, ' class="draft" role="note"')}<div class="mark" aria-hidden="true">DRAFT</div>`}
<main id="main">${tag('h1', escape(title))}
${tag('dl', facts.map(([name, value]) => tag('dt', escape(name)) + tag('dd', escape(value))).join('\n'))}
${tables.map(tableHtml).join('\n')}
${contents.length === 0 ? tag('p', ifEmpty) : tag('nav', tag('h2', 'Contents') + tag('ol', contents.join('\n')), ' aria-label="Contents"')}
${sections.map((section, i) => sectionHtml(section, i + 1)).join('\n')}
</main></body></html>
`
}
