import { html } from 'hono/html'
import { type ListedOperation, type Media, type Parameter, refName, type Schema } from './openapi-shapes.ts'

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
	const about = [requestBody.description, requestBody.required ? '' : 'The body is optional.']
		.filter(Boolean)
		.join(' ')
	return html`<h4>Body</h4>${about ? html`<p>${inline(about)}</p>` : ''}${Object.entries(requestBody.content).map(([type, media]) => mediaView(type, media))}`
}

function responsesView({ responses }: ListedOperation) {
	const entries = Object.entries(responses)
	const good = entries.filter(([status]) => Number(status) < 400)
	const bad = entries.filter(([status]) => Number(status) >= 400)
	return html`<h4>Responses</h4>${good.map(
		([status, response]) =>
			html`<p><strong>${status}</strong> ${inline(response.description)}</p>${Object.entries(response.content ?? {}).map(([type, media]) => mediaView(type, media))}`,
	)}<div class="scroll"><table><caption>Errors (problem+json)</caption>
<thead><tr><th scope="col">Status</th><th scope="col">When</th></tr></thead>
<tbody>${bad.map(([status, response]) => html`<tr><th scope="row">${status}</th><td>${inline(response.description)}</td></tr>`)}</tbody></table></div>`
}

/** One operation: description, parameters, body, responses, and a command to try it. */
export function operationView(operation: ListedOperation, server: string) {
	const id = operation.operationId
	return html`<section aria-labelledby="${id}">
<h3 id="${id}"><span class="method">${operation.method.toUpperCase()}</span> <code>${operation.path}</code></h3>
<p><strong>${operation.summary}.</strong> ${inline(operation.description ?? '')}</p>
${parameterTable(operation.parameters ?? [])}${bodyView(operation)}
<h4>Try it</h4><button class="copy" type="button" hidden data-from="curl-${id}"><span>Copy</span><span class="hidden"> the command: ${operation.summary}</span></button>
<pre tabindex="0"><code id="curl-${id}">${curlOf(operation, server)}</code></pre>
${responsesView(operation)}</section>`
}

type Html = ReturnType<typeof html>

/** The type of a schema in a few words, with a link if it has a name. */
function typeOf(schema: Schema): Html | string {
	if (schema.$ref) return html`<a href="#schema-${refName(schema.$ref)}">${refName(schema.$ref)}</a>`
	const either = schema.anyOf ?? schema.oneOf
	if (either) return join(either.map(typeOf), ' or ')
	if (schema.allOf) return join(schema.allOf.map(typeOf), ' and ')
	if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(' | ')
	if (schema.const !== undefined) return JSON.stringify(schema.const)
	const types = [schema.type ?? 'any'].flat()
	if (types.includes('array') && schema.items)
		return html`array of ${typeOf(schema.items)}${types.includes('null') ? ' | null' : ''}`
	return `${types.join(' | ')}${schema.format ? ` (${schema.format})` : ''}`
}

const join = (parts: (Html | string)[], between: string): Html =>
	html`${parts.map((part, i) => (i === 0 ? part : html`${between}${part}`))}`

/** The bounds and the default of a value. */
function notesOf(schema: Schema): string {
	const notes: string[] = []
	if (schema.minimum !== undefined) notes.push(`at least ${schema.minimum}`)
	if (schema.maximum !== undefined) notes.push(`at most ${schema.maximum}`)
	if (schema.maxLength !== undefined) notes.push(`at most ${schema.maxLength} characters`)
	if (schema.maxItems !== undefined) notes.push(`at most ${schema.maxItems} items`)
	if (schema.default !== undefined) notes.push(`default ${JSON.stringify(schema.default)}`)
	return notes.length > 0 ? ` (${notes.join('; ')})` : ''
}

const description = (schema: Schema) => html`${schema.description ?? ''}${notesOf(schema)}`

function rows(schema: Schema, prefix: string, depth: number): Html[] {
	return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
		const path = `${prefix}${name}`
		const required = schema.required?.includes(name) ? 'yes' : 'no'
		const row = html`<tr><th scope="row"><code>${path}</code></th><td>${typeOf(member)}</td><td>${required}</td><td>${description(member)}</td></tr>`
		const inner = member.items?.properties
			? rows(member.items, `${path}[].`, depth + 1)
			: rows(member, `${path}.`, depth + 1)
		return depth < 4 ? [row, ...inner] : [row]
	})
}

/** A table of the members of an object; for other schemas, the type. */
export function schemaView(schema: Schema, caption: string): Html {
	if (!schema.properties) return html`<p>${caption}: ${typeOf(schema)}${notesOf(schema)}</p>`
	return html`<div class="scroll"><table><caption>${caption}</caption>
<thead><tr><th scope="col">Member</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">About</th></tr></thead>
<tbody>${rows(schema, '', 0)}</tbody></table></div>`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const bodyText = (type: string, { example }: Media): string => {
	if (typeof example === 'string') return example
	const rows = type.includes('ndjson') && Array.isArray(example)
	return rows
		? (example as unknown[]).map((row) => JSON.stringify(row)).join('\n')
		: JSON.stringify(example ?? {})
}

function urlOf(operation: ListedOperation, server: string): string {
	const parameters = operation.parameters ?? []
	const exampleOf = (name: string) => {
		const found = parameters.find((p) => p.in === 'path' && p.name === name)
		return encodeURIComponent(String(found?.schema?.example ?? found?.example ?? name))
	}
	return server + operation.path.replace(/\{(\w+)\}/g, (_, name: string) => exampleOf(name))
}

/** A command that calls the operation with its examples; the key is in $PLUMBLINE_KEY. */
function curlOf(operation: ListedOperation, server: string): string {
	const parts = [`curl ${quoted(urlOf(operation, server))}`]
	if (operation.method !== 'get')
		parts[0] = `curl -X ${operation.method.toUpperCase()} ${quoted(urlOf(operation, server))}`
	if (operation.security.length > 0) parts.push('-H "Authorization: Bearer $PLUMBLINE_KEY"')
	const [media] = Object.entries(operation.requestBody?.content ?? {})
	if (media) {
		const [type, content] = media
		parts.push(`-H 'Content-Type: ${type}'`, `--data-binary ${quoted(bodyText(type, content))}`)
	}
	return parts.join(' \\\n  ')
}

/** Text in which parts between backticks are shown as code. */
const inline = (text: string) =>
	html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`

export const paragraphs = (text: string) => html`${text.split('\n\n').map((p) => html`<p>${inline(p)}</p>`)}`
