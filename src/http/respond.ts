import type { Context as HonoContext } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Context } from '../context.ts'
import { newId } from '../core/ids.ts'
import { problem, problemType, toProblem } from './problem.ts'

/** For answers that are data: nothing of them is to be run, framed, guessed at or kept. */
export const safeHeaders: Record<string, string> = {
	'x-content-type-options': 'nosniff',
	'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
	'referrer-policy': 'no-referrer',
	'cross-origin-resource-policy': 'same-origin',
	'cache-control': 'no-store',
}

const sane = /^[\w.:-]{1,128}$/

/** The client's request id when it is sane, for logs on both sides; else one of ours. */
export function requestId(context: Context, sent: string | undefined): string {
	return sent !== undefined && sane.test(sent) ? sent : newId('req', context.now(), context.random)
}

export function notFound(c: HonoContext): Response {
	const answer = problem(
		'not-found',
		`There is nothing at ${c.req.path.slice(0, 256).toWellFormed()}. /docs lists all paths.`,
	)
	return c.body(JSON.stringify(answer), 404, { 'content-type': problemType })
}

/** The one place where an error becomes an answer. What is ours is logged with the request id. */
export function onError(context: Context, error: unknown, c: HonoContext): Response {
	const { problem: answer, headers, ours } = toProblem(error)
	if (ours) {
		const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
		context.logger.error(`${c.req.method} ${c.req.path} failed`, {
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
