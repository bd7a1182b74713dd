import type { Env, Hono, Context as HonoContext } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Context } from '../context.ts'
import { newId } from '../core/ids.ts'
import type { Endpoint } from './endpoint.ts'
import { problem, problemType, toProblem } from './problem.ts'

/** For responses that are data: they must not be run, framed, sniffed or cached. */
export const safeHeaders: Record<string, string> = {
	'x-content-type-options': 'nosniff',
	'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
	'referrer-policy': 'no-referrer',
	'cross-origin-resource-policy': 'same-origin',
	'cache-control': 'no-store',
}

const wellFormed = /^[\w.:-]{1,128}$/

/** The client's request id if it is well-formed, so that both sides log the same one; else a new one. */
export function requestId(context: Context, sent: string | undefined): string {
	return sent !== undefined && wellFormed.test(sent) ? sent : newId('req', context.now(), context.random)
}

export function notFound(c: HonoContext): Response {
	const answer = problem(
		'not-found',
		`There is nothing at ${c.req.path.slice(0, 256).toWellFormed()}. /docs lists all paths.`,
	)
	return c.body(JSON.stringify(answer), 404, { 'content-type': problemType })
}

/** Without what names a person: logs are not erased. */
const loggedPath = (path: string): string => path.replace(/^(\/v1\/subjects\/)[^/]+/, '$1…')

/** Turns an error into a response. Errors on our side are logged with the request id. */
export function onError(context: Context, error: unknown, c: HonoContext): Response {
	const { problem: answer, headers, isInternal } = toProblem(error)
	if (isInternal) {
		const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
		context.logger.error(`${c.req.method} ${loggedPath(c.req.path)} failed`, {
			requestId: c.get('requestId'),
			error: text,
			cause,
		})
	}
	return c.body(JSON.stringify(answer), answer.status as ContentfulStatusCode, {
		'content-type': problemType,
		...headers,
	})
}

/** `{id}.json` is a parameter with its ending, and the last one can be the rest of the path. */
export const honoPath = ({ path, takesRest }: Pick<Endpoint, 'path' | 'takesRest'>): string =>
	path.replace(/\{(\w+)\}(\.\w+)?$|\{(\w+)\}/g, (_, last, ending, name) =>
		ending === undefined
			? `:${last ?? name}${last !== undefined && takesRest ? '{.+}' : ''}`
			: `:${last}{.+\\${ending}}`,
	)

/** The methods of each path, GET with HEAD, as the Allow header lists them. */
function methodsByPath(endpoints: readonly Endpoint[]): Map<string, string[]> {
	const paths = new Map<string, string[]>()
	for (const { method, ...endpoint } of endpoints) {
		const path = honoPath(endpoint)
		const name = method.toUpperCase()
		paths.set(path, [...(paths.get(path) ?? []), ...(name === 'GET' ? ['GET', 'HEAD'] : [name])])
	}
	return paths
}

/** Registered after the operations: a known path with another method returns 405 with Allow, and OPTIONS lists the methods. */
export function refuseOtherMethods<E extends Env>(app: Hono<E>, endpoints: readonly Endpoint[]): void {
	for (const [path, methods] of methodsByPath(endpoints)) {
		const allow = [...methods, 'OPTIONS'].join(', ')
		app.all(path, (c) => {
			if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow })
			const answer = problem(
				'method-not-allowed',
				`${c.req.method} is not allowed here. Allowed are ${allow}.`,
			)
			return c.body(JSON.stringify(answer), 405, { 'content-type': problemType, allow })
		})
	}
}
