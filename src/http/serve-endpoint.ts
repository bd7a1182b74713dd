import type { Context as HonoContext } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Actor } from '../core/actor.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { authorise } from '../registry/key/authorise.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { authenticate } from './authenticate.ts'
import { RequestBody } from './body.ts'
import type { Call, Endpoint, Reply, Service } from './endpoint.ts'
import { parseOr422 } from './faults.ts'
import { problem, problemType } from './problem.ts'
import { readJson } from './read-json.ts'
import { accepts, readQuery } from './read-query.ts'

const nobody: Actor = { id: 'nobody', how: 'key', role: 'viewer', models: [] }

/** The types that an endpoint may answer with. */
const answerTypes = (endpoint: Endpoint): string[] => [
	...new Set(
		Object.values(endpoint.answers).flatMap((a) => [a.type ?? 'application/json', a.otherType ?? []].flat()),
	),
]

/**
 * Answers one operation: key, role, scope, Accept, query, body, then the handler. The order is that of least
 * knowledge: who may not use an operation learns nothing about its objects.
 */
export function serveEndpoint(endpoint: Endpoint, service: Service & { budget: ByteBudget }) {
	const { context } = service
	const types = answerTypes(endpoint)
	return async (c: HonoContext): Promise<Response> => {
		const request = c.req.raw
		const params = c.req.param() as Record<string, string>
		const actor = endpoint.access === 'open' ? nobody : await authenticate(context, request)
		if (endpoint.access !== 'open') authorise(actor, endpoint.access, params.model)
		if (!types.some((type) => accepts(c.req.header('accept') ?? null, type))) return notAcceptable(c, types)
		const stream = new RequestBody(request, c.env?.body, context.limits, service.budget)
		try {
			const asked = await read(endpoint, stream, request, params)
			const call = { ...service, actor, request, stream, ...asked } as unknown as Call
			return toResponse(c, await endpoint.handle(call))
		} catch (error) {
			throw await withNearestModel(context, actor, error)
		} finally {
			stream.close()
		}
	}
}

async function read(
	endpoint: Endpoint,
	stream: RequestBody,
	request: Request,
	params: Record<string, string>,
) {
	// The body comes before the query, so that its own errors (415, 413, 400) are not hidden by a 422.
	const raw = endpoint.body
		? await readJson(request.headers, stream, endpoint.bodyOptional === true)
		: undefined
	return {
		params: endpoint.params ? parseOr422(endpoint.params, params, 'path') : params,
		query: readQuery(endpoint.query, request.url),
		body: endpoint.body ? parseOr422(endpoint.body, raw === undefined ? {} : raw, 'body') : undefined,
	}
}

function notAcceptable(c: HonoContext, types: string[]): Response {
	const answer = problem(
		'not-acceptable',
		`This answers ${types.join(' or ')}, which the Accept header excludes.`,
	)
	return c.body(JSON.stringify(answer), 406, { 'content-type': problemType })
}

function toResponse(c: HonoContext, reply: Reply | Response): Response {
	// Through `c`, so that the headers of all answers come with it.
	if (reply instanceof Response)
		return c.newResponse(reply.body, reply.status as 200, Object.fromEntries(reply.headers))
	const { status, body, headers } = reply
	if (body === undefined) return c.body(null, status as 204, headers)
	const text = typeof body === 'string' ? body : JSON.stringify(body, null, indentOf(c.req.header('accept')))
	return c.body(text, status as ContentfulStatusCode, { 'content-type': 'application/json', ...headers })
}

/** `Accept: application/json; indent=2` is for people who read the answer in a terminal. */
const indentOf = (accept = ''): number => Number(/^application\/json *; *indent=(\d)$/.exec(accept)?.[1] ?? 0)
