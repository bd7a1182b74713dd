import { z } from 'zod'
import { resources } from '../../src/http/index.ts'
import { Problem } from '../../src/http/parameters.ts'
import type { Answered } from './server.ts'

const operations = Object.values(resources)
	.flatMap((r) => r.endpoints)
	.map((endpoint) => {
		const path = endpoint.path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')
		return {
			endpoint,
			pattern: new RegExp(`^${endpoint.takesRest ? path.replace(/\[\^\/\]\+$/, '.+') : path}$`),
		}
	})

/** Throws unless the answer is one that the operation declares, in the shape that it declares. */
export function checkAnswer(method: string, path: string, { status, headers, text, body }: Answered): void {
	const type = headers.get('content-type') ?? ''
	if (status >= 400) {
		if (!type.startsWith('application/problem+json'))
			throw new Error(`${method} ${path}: ${status} is ${type}, not a problem: ${text}`)
		expectShape(Problem, body, `${method} ${path} ${status}`)
		if (body.status !== status)
			throw new Error(`${method} ${path}: the problem says ${body.status}, the answer ${status}`)
		return
	}
	const [bare = ''] = path.split('?')
	const found = operations.find((o) => o.endpoint.method === method.toLowerCase() && o.pattern.test(bare))
	if (!found) return
	const answer = found.endpoint.answers[status]
	if (!answer) throw new Error(`${method} ${path}: ${status} is not declared by ${found.endpoint.id}`)
	if (answer.otherType !== undefined && type.startsWith(answer.otherType)) return
	if (answer.schema && (answer.type ?? 'application/json') === 'application/json')
		expectShape(answer.schema, body, `${method} ${path} ${status}`)
}

function expectShape(schema: z.ZodType, body: unknown, what: string): void {
	const result = schema.safeParse(body)
	if (!result.success)
		throw new Error(
			`${what} is not in its declared shape: ${z.prettifyError(result.error)}\n${JSON.stringify(body)}`,
		)
}
