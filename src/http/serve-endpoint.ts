import type { Context as HonoContext } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { AppError } from '../core/errors.ts'
import { authorise } from '../registry/key/authorise.ts'
import { findActor } from '../registry/key/find-actor.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { RequestBody } from './body.ts'
import type { Call, Endpoint, Reply, Service } from './endpoint.ts'
import { parseOr422 } from './faults.ts'
import { problem, problemType } from './problem.ts'
import { readJson } from './read-json.ts'
import { accepts, readQuery } from './read-query.ts'

const nobody: Actor = { id: 'nobody', how: 'key', role: 'viewer', models: [] }

/** The content types that an endpoint can return. */
const answerTypes = (endpoint: Endpoint): string[] => [
	...new Set(
		Object.values(endpoint.answers).flatMap((a) => [a.type ?? 'application/json', a.otherType ?? []].flat()),
	),
]

/**
 * Serves one operation: key, role and scope, Accept, body, query, then the handler. Access comes first, so that a client
 * without it learns nothing about the objects.
 */
export function serveEndpoint(
	endpoint: Endpoint,
	service: Service & { budget: ByteBudget } & Pick<Call, 'feed'>,
) {
	const { context } = service
	const types = answerTypes(endpoint)
	return async (c: HonoContext): Promise<Response> => {
		const request = c.req.raw
		const params = c.req.param() as Record<string, string>
		const actor =
			endpoint.access === 'open'
				? nobody
				: { ...(await authenticate(context, request)), request: c.get('requestId') as string }
		if (endpoint.access !== 'open') authorise(actor, endpoint.access, params.model)
		if (!types.some((type) => accepts(c.req.header('accept') ?? null, type))) return notAcceptable(c, types)
		const stream = new RequestBody(request, c.env?.body, context.limits, service.budget)
		try {
			const input = await readInput(endpoint, stream, request, params)
			const keepOpen = () => {
				c.set('keptOpenAt', context.now())
				return c.env?.keepOpen?.() ?? { signal: request.signal, cut() {} }
			}
			const call = { ...service, actor, request, stream, keepOpen, ...input } as unknown as Call
			return toResponse(c, await endpoint.handle(call))
		} catch (error) {
			throw await withNearestModel(context, actor, error)
		} finally {
			stream.close()
		}
	}
}

async function readInput(
	endpoint: Endpoint,
	stream: RequestBody,
	request: Request,
	params: Record<string, string>,
) {
	// The body comes first, so that its errors (415, 413, 400) are not hidden by a 422 for the query.
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
		`This returns ${types.join(' or ')}, which the Accept header excludes.`,
	)
	return c.body(JSON.stringify(answer), 406, { 'content-type': problemType })
}

function toResponse(c: HonoContext, reply: Reply | Response): Response {
	// Through `c`, so that the common headers are added.
	if (reply instanceof Response)
		return c.newResponse(reply.body, reply.status as 200, Object.fromEntries(reply.headers))
	const { status, body, headers } = reply
	if (body === undefined) return c.body(null, status as 204, headers)
	const text = typeof body === 'string' ? body : JSON.stringify(body, null, indentOf(c.req.header('accept')))
	return c.body(text, status as ContentfulStatusCode, { 'content-type': 'application/json', ...headers })
}

/** `Accept: application/json; indent=2` is for people who read the response in a terminal. */
const indentOf = (accept = ''): number => Number(/^application\/json *; *indent=(\d)$/.exec(accept)?.[1] ?? 0)

const howToAuthenticate =
	'Send `Authorization: Bearer <key>`; an admin creates keys with POST /v1/keys or `plumbline keys create`.'

/** The actor of the request. The key is looked up every time, so that revoking it takes effect at once. */
export async function authenticate(context: Context, request: Request): Promise<Actor> {
	const header = request.headers.get('authorization')
	if (!header) throw new AppError('unauthenticated', `The request has no key. ${howToAuthenticate}`)
	const secret = /^Bearer +(\S+) *$/i.exec(header)?.[1]
	if (!secret)
		throw new AppError(
			'unauthenticated',
			`The Authorization header is not a bearer key. ${howToAuthenticate}`,
		)
	return findActor(context, secret)
}
