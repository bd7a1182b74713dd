import type { Context } from '../context.ts'
import { isFirstTime } from '../services/slack/remember-request.ts'
import { isFromSlack } from './verify.ts'

/** What Bolt is told of a request; `ack` answers it. */
export type Delivery = {
	body: Record<string, unknown>
	retryNum?: number
	ack: (answer?: unknown) => Promise<void>
}
type Process = (delivery: Delivery) => Promise<void>

const mostBytes = 1024 * 1024
const ackWithinMs = 2500

const text = (status: number, body = ''): Response =>
	new Response(body, { status, headers: { 'content-type': 'text/plain' } })

/**
 * Takes what Slack posts: checks the signature over the raw body and the time on both sides, answers a repetition
 * without acting twice, and hands the rest to Bolt. The answer goes out when the listener acknowledges.
 */
export function slackReceiver(
	context: Context,
	secret: string,
	process: Process,
): (request: Request) => Promise<Response> {
	return async (request) => {
		if (request.method !== 'POST') return text(405)
		const raw = await request.text()
		if (raw.length > mostBytes) return text(413)
		if (!(await isFromSlack(secret, request.headers, raw, context.now())))
			return text(401, 'The signature or its time is wrong.')
		const body = parseBody(raw, request.headers.get('content-type') ?? '')
		if (!body) return text(400, 'The body cannot be parsed.')
		if (body.ssl_check !== undefined) return text(200)
		if (body.type === 'url_verification') return Response.json({ challenge: body.challenge })
		if (!(await isNew(context, request.headers, body))) return text(200)
		return answer(context, body, request.headers, process)
	}
}

/** A retry of an event has another signature but the same event id; anything else that comes twice is a replay. */
async function isNew(context: Context, headers: Headers, body: Record<string, unknown>): Promise<boolean> {
	const token =
		typeof body.event_id === 'string'
			? `event:${body.event_id}`
			: `signature:${headers.get('x-slack-signature')}`
	return isFirstTime(context, token)
}

function parseBody(raw: string, type: string): Record<string, unknown> | undefined {
	try {
		if (type.startsWith('application/json')) return JSON.parse(raw)
		const form = Object.fromEntries(new URLSearchParams(raw))
		return typeof form.payload === 'string' ? JSON.parse(form.payload) : form
	} catch {
		return undefined
	}
}

function answer(
	context: Context,
	body: Record<string, unknown>,
	headers: Headers,
	process: Process,
): Promise<Response> {
	return new Promise((resolve) => {
		// Slack waits three seconds: an empty answer is better than none, and the work goes on.
		const late = setTimeout(() => resolve(text(200)), ackWithinMs)
		const ack = async (message?: unknown) => {
			clearTimeout(late)
			resolve(
				message === undefined || message === ''
					? text(200)
					: typeof message === 'string'
						? text(200, message)
						: Response.json(message),
			)
		}
		const retry = Number(headers.get('x-slack-retry-num'))
		const work = process({ body, ack, ...(retry > 0 ? { retryNum: retry } : {}) })
			.catch((error) =>
				context.logger.error('a Slack request failed', {
					error: String(error),
					stack: (error as Error).stack,
				}),
			)
			.finally(() => ack())
		context.background?.(work)
	})
}
