import { html, raw } from 'hono/html'
import { pageHeaders } from '../http/docs/page.ts'
import { style } from '../http/docs/style.ts'
import type { Reply } from '../http/endpoint.ts'

const css = `${style}
main { max-width: 62rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }
header.top { max-width: 62rem; margin: 0 auto; padding: .75rem 1.5rem; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .8rem 0 .5rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.note { border-left: 4px solid var(--link); background: var(--panel); padding: .6rem .9rem; margin: 1rem 0; }
.warn { border-left-color: #c2410c; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1.2rem; margin: 1rem 0; }
dt { font-weight: 600; } dd { margin: 0; }
td.n, th.n { text-align: right; padding-right: 1.4rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
th[scope=row] { min-width: 10rem; } td:not(.n) { min-width: 6rem; }
time { white-space: nowrap; }
dd, li, h1, .note { overflow-wrap: anywhere; }
.scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.scroll { margin: 1rem 0; }
.scroll svg { display: block; width: 100%; min-width: 44rem; height: auto; border: 1px solid var(--line); border-radius: 6px; }
@media (max-width: 40rem) { main, header.top { padding-left: 1rem; padding-right: 1rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
`

/** Escaped HTML. */
export type Html = ReturnType<typeof html>

/** A page without scripts or external resources, with all text escaped by `html`. */
export async function page(
	status: number,
	title: string,
	body: Html,
	headers: Record<string, string> = {},
): Promise<Reply> {
	const text = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Plumbline</title><style>${raw(css)}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header class="top"><strong>Plumbline</strong><a href="/">Start</a><a href="/docs">HTTP interface</a></header>
<main id="main"><h1>${title}</h1>
${body}</main></body></html>`
	return { status, body: String(await text), headers: { ...(await pageHeaders(css)), ...headers } }
}

/** A time for people and for programs. */
export const time = (at: string): Html =>
	html`<time datetime="${at}">${at.slice(0, 16).replace('T', ' ')} UTC</time>`

/** A list of terms and values; terms without a value are left out. */
export const facts = (all: readonly (readonly [string, unknown])[]): Html =>
	html`<dl>${all
		.filter(([, value]) => value !== null && value !== undefined && value !== '')
		.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`

export type Column = { name: string; isNumber?: boolean }

/** A table that scrolls if it is too wide. The first cell of a row is its header. */
export const table = (
	caption: string,
	columns: readonly Column[],
	rows: readonly (readonly unknown[])[],
): Html =>
	html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${columns.map((c) => html`<th scope="col"${raw(numberClass(c))}>${c.name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => tableCell(cell, i, columns[i]))}</tr>`)}</tbody></table></div>`

const numberClass = (column: Column | undefined) => (column?.isNumber ? ' class="n"' : '')

const tableCell = (cell: unknown, i: number, column: Column | undefined): Html =>
	i === 0 ? html`<th scope="row">${cell}</th>` : html`<td${raw(numberClass(column))}>${cell}</td>`
