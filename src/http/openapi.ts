import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { Context } from '../context.ts'
import { roles } from '../core/actor.ts'
import type { Answer, Endpoint, Resource } from './endpoint.ts'
import { Problem } from './parameters.ts'
import { type ProblemCode, problem, problems, problemType } from './problem.ts'

const about = `Plumbline watches machine-learning models in production: predictions come in, are summarised, compared with
a baseline and evaluated by rules, and become incidents.

Every call except \`/healthz\` and \`/readyz\` needs \`Authorization: Bearer <key>\`. Errors are RFC 9457 problems with a \`code\`.
Times are RFC 3339 with an offset; responses are in UTC. Lists are \`{ items, next }\`, with \`cursor\` and \`limit\`.
\`Accept: application/json; indent=2\` indents the response.`

/** The errors that follow from the kind of operation, and those that it names itself. */
export function errorsOf(endpoint: Endpoint): ProblemCode[] {
	const codes: ProblemCode[] = [
		'not-acceptable',
		'headers-too-large',
		'unavailable',
		...(endpoint.errors ?? []),
	]
	if (endpoint.access !== 'open') codes.push('unauthenticated', 'forbidden')
	if (endpoint.path.includes('{')) codes.push('not-found')
	if (endpoint.body || endpoint.rows)
		codes.push('malformed', 'timeout', 'too-large', 'unsupported', 'overloaded')
	codes.push('invalid')
	return [...new Set(codes)].sort((a, b) => problems[a].status - problems[b].status)
}

const exampleDetails: Partial<Record<ProblemCode, string>> = {
	malformed: 'The body is not JSON: Unexpected end of JSON input',
	unauthenticated: 'The request has no key. Send `Authorization: Bearer <key>`.',
	forbidden: 'This needs the role admin; key:key_01jn has the role viewer.',
	'not-found': 'There is no model "credit-defualt". Did you mean "credit-default"?',
	'not-acceptable': 'This returns application/json, which the Accept header excludes.',
	conflict: 'The object has changed. Read it again, then repeat the request.',
	timeout: 'The body arrived at less than 1000 bytes per second (limit bodyBytesPerSecond). Send it again.',
	'too-large': 'The JSON body is over the limit of 4194304 bytes (limit objectBytes).',
	unsupported: 'Content-Type text/plain is not supported here: send application/json.',
	invalid: 'The body is invalid. tsak: unknown member; did you mean "task"?',
	'headers-too-large': 'The headers of the request are too large (limit headerBytes).',
	overloaded: 'The writer is too busy. Send the rows again after the time in Retry-After.',
	unavailable: 'Another process has locked the database. Nothing was changed: send the request again.',
}

function errorResponses(endpoint: Endpoint): RouteConfig['responses'] {
	const byStatus = new Map<number, ProblemCode[]>()
	for (const code of errorsOf(endpoint)) {
		const { status } = problems[code]
		byStatus.set(status, [...(byStatus.get(status) ?? []), code])
	}
	const responses: RouteConfig['responses'] = {}
	for (const [status, codes] of byStatus) {
		const examples = Object.fromEntries(
			codes.map((code) => [code, { summary: problems[code].title, value: exampleOf(code) }]),
		)
		responses[status] = {
			description: codes.map((code) => `${problems[code].title} (\`${code}\`)`).join(' or '),
			content: { [problemType]: { schema: Problem, examples } },
		}
	}
	return responses
}

const exampleOf = (code: ProblemCode) =>
	problem(
		code,
		exampleDetails[code] ?? problems[code].title,
		code === 'invalid' ? [{ path: 'tsak', message: 'unknown member; did you mean "task"?' }] : [],
	)

function answerResponse(answer: Answer): RouteConfig['responses'][number] {
	const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [
		name,
		{ description, schema: { type: 'string' as const } },
	])
	const content = answer.schema && {
		[answer.type ?? 'application/json']: {
			schema: answer.schema,
			...(answer.example === undefined ? {} : { example: answer.example }),
		},
		...(answer.otherType ? { [answer.otherType]: { schema: { type: 'string' as const } } } : {}),
	}
	return {
		description: answer.description,
		...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
		...(content ? { content } : {}),
	}
}

function requestBody(endpoint: Endpoint): object {
	if (endpoint.rows) {
		const content = Object.entries(endpoint.rows.types).map(([type, { schema, example }]) => [
			type,
			{ schema: schema ?? {}, example },
		])
		return {
			body: { required: true, description: endpoint.rows.description, content: Object.fromEntries(content) },
		}
	}
	if (!endpoint.body) return {}
	const example = endpoint.bodyExample === undefined ? {} : { example: endpoint.bodyExample }
	const content = { 'application/json': { schema: endpoint.body, ...example } }
	return { body: { required: endpoint.bodyOptional !== true, content } }
}

const needed = (endpoint: Endpoint) =>
	endpoint.access === 'open'
		? 'Needs no key.'
		: `Needs a key with the role ${[endpoint.access]
				.flat()
				.map((r) => `\`${r}\``)
				.join(' or ')}, or a role that includes it.`

function toRoute(tag: string, endpoint: Endpoint): RouteConfig {
	const answers = Object.entries(endpoint.answers).map(([status, answer]) => [status, answerResponse(answer)])
	return {
		method: endpoint.method,
		path: endpoint.path,
		operationId: endpoint.id,
		tags: [tag],
		summary: endpoint.summary,
		description: [endpoint.description, needed(endpoint)].filter(Boolean).join('\n\n'),
		security: endpoint.access === 'open' ? [] : [{ bearer: [] }],
		request: {
			...(endpoint.params ? { params: endpoint.params } : {}),
			...(endpoint.query ? { query: endpoint.query } : {}),
			...(endpoint.headers ? { headers: endpoint.headers } : {}),
			...requestBody(endpoint),
		},
		responses: { ...Object.fromEntries(answers), ...errorResponses(endpoint) },
	} as RouteConfig
}

export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>

/** The OpenAPI 3.1 description of all operations, from the same schemas that validate the requests. */
export function openApiDocument(
	context: Pick<Context, 'publicUrl'>,
	resources: Readonly<Record<string, Resource>>,
): OpenApiDocument {
	const app = new OpenAPIHono()
	const registry = app.openAPIRegistry
	registry.registerComponent('securitySchemes', 'bearer', {
		type: 'http',
		scheme: 'bearer',
		description: `A key with a role (${roles.join(', ')}), a scope of models and, optionally, an expiry.`,
	})
	for (const [tag, { endpoints }] of Object.entries(resources))
		for (const endpoint of endpoints) if (!endpoint.hidden) registry.registerPath(toRoute(tag, endpoint))
	return app.getOpenAPI31Document({
		openapi: '3.1.0',
		info: {
			title: 'Plumbline',
			version: '1',
			description: about,
			license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
		},
		servers: [{ url: context.publicUrl, description: 'This service' }],
		tags: Object.entries(resources).map(([name, { about: description }]) => ({ name, description })),
	})
}
