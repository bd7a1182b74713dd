import type { ListedOperation, Media } from './openapi-shapes.ts'

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

/** A command that does what the operation does, with the examples of the description; the key is in $PLUMBLINE_KEY. */
export function curlOf(operation: ListedOperation, server: string): string {
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
