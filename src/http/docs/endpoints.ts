import type { Context } from '../../context.ts'
import { type Endpoint, endpoint, type Resource } from '../endpoint.ts'
import { type OpenApiDocument, openApiDocument } from '../openapi.ts'
import { docsHeaders, docsPage } from './page.ts'

/** The description of the interface, for programs and for people. Made at the first request: it never changes after. */
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
			summary: 'The same for people',
			answers: { 200: { description: 'A page', type: 'text/html' } },
			handle: async () => ({ status: 200, body: make().page, headers: await docsHeaders() }),
		}),
	]
}
