import { html } from 'hono/html'
import { refName, type Schema } from './openapi-shapes.ts'

type Html = ReturnType<typeof html>

/** A schema's type in a few words, with a link where it has a name. */
export function typeOf(schema: Schema): Html | string {
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

/** What else is known of a value: bounds, default. */
export function notesOf(schema: Schema): string {
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

/** The members of an object as a table; of anything else, its type. */
export function schemaView(schema: Schema, caption: string): Html {
	if (!schema.properties) return html`<p>${caption}: ${typeOf(schema)}${notesOf(schema)}</p>`
	return html`<div class="scroll"><table><caption>${caption}</caption>
<thead><tr><th scope="col">Member</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">About</th></tr></thead>
<tbody>${rows(schema, '', 0)}</tbody></table></div>`
}
