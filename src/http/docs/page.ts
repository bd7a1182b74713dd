import { html, raw } from 'hono/html'
import type { Context } from '../../context.ts'
import { type Endpoint, endpoint, type Resource } from '../endpoint.ts'
import { type OpenApiDocument, openApiDocument } from '../openapi.ts'
import { problems } from '../problem.ts'
import { operationsOf, type Shown } from './openapi-shapes.ts'
import { operationView, paragraphs, schemaView } from './operation.ts'
import { script, style } from './style.ts'

/** `/openapi.json` and `/docs`. Built at the first request; the interface never changes while the service runs. */
export function documentation(context: Context, resources: Readonly<Record<string, Resource>>): Endpoint[] {
	let made: { document: OpenApiDocument; json: string; page: string } | undefined
	const make = () => {
		if (made) return made
		const document = openApiDocument(context, resources)
		made = { document, json: JSON.stringify(document), page: docsPage(document) }
		return made
	}
	const open = { method: 'get' as const, access: 'open' as const, hidden: true }
	return [
		endpoint({
			...open,
			path: '/openapi.json',
			id: 'openapi',
			summary: 'The OpenAPI description',
			answers: { 200: { description: 'OpenAPI 3.1' } },
			handle: () => ({ status: 200, body: make().json }),
		}),
		endpoint({
			...open,
			path: '/docs',
			id: 'docs',
			summary: 'The documentation',
			answers: { 200: { description: 'A page', type: 'text/html' } },
			handle: async () => ({ status: 200, body: make().page, headers: await docsHeaders() }),
		}),
	]
}

async function hashOf(text: string): Promise<string> {
	const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
	return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`
}

/** A page can use its own style and script, allowed by their hashes, and nothing else. */
export const pageHeaders = async (css: string, js?: string): Promise<Record<string, string>> => ({
	'content-type': 'text/html; charset=utf-8',
	'content-security-policy': `default-src 'none'; style-src ${await hashOf(css)};${js === undefined ? '' : ` script-src ${await hashOf(js)};`} base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
})

/** A browser can cache the page but has to revalidate it. */
const docsHeaders = async (): Promise<Record<string, string>> => ({
	...(await pageHeaders(style, script)),
	'cache-control': 'no-cache',
})

const navigation = (document: Shown) => html`<nav aria-label="Contents">
${document.tags.map(
	({ name }) =>
		html`<strong>${name}</strong><ul>${operationsOf(document, name).map(
			(o) => html`<li><a href="#${o.operationId}">${o.summary}</a></li>`,
		)}</ul>`,
)}<ul><li><a href="#schemas">Schemas</a></li><li><a href="#problems">Problems</a></li><li><a href="/openapi.json">openapi.json</a></li></ul></nav>`

const problemList = () => html`<section aria-labelledby="problems"><h2 id="problems">Problems</h2>
<p>Errors are <code>application/problem+json</code> (RFC 9457) with a <code>code</code> from this list.</p>
${Object.entries(problems).map(([code, { status, title }]) => html`<h3 id="problem-${code}"><code>${code}</code></h3><p>${title} (${status}).</p>`)}</section>`

const schemaList = ({
	components,
}: Shown) => html`<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas).map(
	([name, schema]) =>
		html`<h3 id="schema-${name}">${name}</h3>${schema.description ? html`<p>${schema.description}</p>` : ''}${schemaView(schema, 'Members')}`,
)}</section>`

/** The whole interface on one page that loads nothing else. */
function docsPage(openapi: OpenApiDocument): string {
	const document = openapi as unknown as Shown
	const server = document.servers[0]?.url ?? ''
	const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} HTTP interface</title><style>${raw(style)}</style></head>
<body><p id="said" role="status" class="hidden"></p><a class="skip" href="#main">Skip to the content</a><div class="layout">${navigation(document)}
<main id="main"><h1>${document.info.title} HTTP interface</h1>${paragraphs(document.info.description)}
${document.tags.map(
	({
		name,
		description,
	}) => html`<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${name}</h2><p>${description}</p>
${operationsOf(document, name).map((o) => operationView(o, server))}</section>`,
)}${schemaList(document)}${problemList()}</main></div><script>${raw(script)}</script></body></html>`
	return String(page)
}
