import { html } from 'hono/html'
import { curlOf } from './curl.ts'
import type { ListedOperation, Media, Parameter, Schema } from './openapi-shapes.ts'
import { notesOf, schemaView, typeOf } from './schema-view.ts'
import { inline } from './text.ts'

const example = (value: unknown) =>
	html`<pre tabindex="0"><code>${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</code></pre>`

function parameterTable(parameters: readonly Parameter[]) {
	if (parameters.length === 0) return ''
	return html`<div class="scroll"><table><caption>Parameters</caption>
<thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">About</th></tr></thead>
<tbody>${parameters.map((p) => {
		const schema: Schema = p.schema ?? {}
		return html`<tr><th scope="row"><code>${p.name}</code></th><td>${p.in}</td><td>${typeOf(schema)}</td><td>${p.required ? 'yes' : 'no'}</td><td>${inline(p.description ?? '')}${notesOf(schema)}</td></tr>`
	})}</tbody></table></div>`
}

function mediaView(type: string, media: Media) {
	const shown = media.example ?? Object.values(media.examples ?? {})[0]?.value
	const schema =
		media.schema && Object.keys(media.schema).length > 0
			? schemaView(media.schema, type)
			: html`<p>${type}</p>`
	return html`${schema}${shown === undefined ? '' : example(shown)}`
}

function bodyView({ requestBody }: ListedOperation) {
	if (!requestBody) return ''
	const about = [requestBody.description, requestBody.required ? '' : 'A request without a body is fine.']
		.filter(Boolean)
		.join(' ')
	return html`<h4>Body</h4>${about ? html`<p>${inline(about)}</p>` : ''}${Object.entries(requestBody.content).map(([type, media]) => mediaView(type, media))}`
}

function answersView({ responses }: ListedOperation) {
	const entries = Object.entries(responses)
	const good = entries.filter(([status]) => Number(status) < 400)
	const bad = entries.filter(([status]) => Number(status) >= 400)
	return html`<h4>Answers</h4>${good.map(
		([status, response]) =>
			html`<p><strong>${status}</strong> ${inline(response.description)}</p>${Object.entries(response.content ?? {}).map(([type, media]) => mediaView(type, media))}`,
	)}<div class="scroll"><table><caption>Errors (problem+json)</caption>
<thead><tr><th scope="col">Status</th><th scope="col">When</th></tr></thead>
<tbody>${bad.map(([status, response]) => html`<tr><th scope="row">${status}</th><td>${inline(response.description)}</td></tr>`)}</tbody></table></div>`
}

/** One operation: what it does, what it takes, what it answers, and a command to try it. */
export function operationView(operation: ListedOperation, server: string) {
	const id = operation.operationId
	return html`<section aria-labelledby="${id}">
<h3 id="${id}"><span class="method">${operation.method.toUpperCase()}</span> <code>${operation.path}</code></h3>
<p><strong>${operation.summary}.</strong> ${inline(operation.description ?? '')}</p>
${parameterTable(operation.parameters ?? [])}${bodyView(operation)}
<h4>Try it</h4><button class="copy" type="button" hidden data-from="curl-${id}"><span>Copy</span><span class="hidden"> the command: ${operation.summary}</span></button>
<pre tabindex="0"><code id="curl-${id}">${curlOf(operation, server)}</code></pre>
${answersView(operation)}</section>`
}
