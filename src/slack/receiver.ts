import { eq, lt } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { collectBytes } from '../core/collect-bytes.ts'
import { deepPath } from '../core/json-shape.ts'
import { peerText } from '../core/peer-text.ts'
import { minuteMs } from '../core/time.ts'
import { slackReplays } from '../db/schema.ts'
import { payloadFault } from './payload.ts'
import { isConnectedTeam, notConnectedText, workspaceOf } from './teams.ts'
import { isFresh, isFromSlack } from './verify.ts'

/** A request as Bolt receives it; `ack` sends the response. */
export type Delivery = {
	body: Record<string, unknown>
	retryNum?: number
	ack: (answer?: unknown) => Promise<void>
}
type Process = (delivery: Delivery) => Promise<void>

const maxBytes = 256 * 1024
const ackWithinMs = 2800

const text = (status: number, body = ''): Response =>
	new Response(body, { status, headers: { 'content-type': 'text/plain' } })

/**
 * Handles what Slack posts: checks the signature of the raw body and its time, ignores repetitions, and passes the rest to
 * Bolt. The response is sent when the listener acknowledges.
 */
export function slackReceiver(
	context: Context,
	secret: string,
	process: Process,
	apiUrl?: string,
): (request: Request) => Promise<Response> {
	return async (request) => {
		if (request.method !== 'POST') return text(405)
		// Checked before a byte is read: a request without them is not from Slack.
		if (!isFresh(request.headers, context.now()))
			return text(401, 'The signature or its timestamp is missing or invalid.')
		const announced = Number(request.headers.get('content-length') ?? 0)
		const bytes = await collectBytes(request.body, maxBytes, announced)
		if (!bytes) return text(413, `The body is over ${maxBytes} bytes.`)
		if (!(await isFromSlack(secret, request.headers, bytes, context.now())))
			return text(401, 'The signature or its timestamp is invalid.')
		const body = parseBody(bytes, request.headers.get('content-type') ?? '')
		if (!body) return text(400, 'The body cannot be parsed.')
		if (body.ssl_check !== undefined) return text(200)
		const fault = payloadFault(body, apiUrl)
		if (fault !== undefined) return text(400, fault)
		if (body.type === 'url_verification') return Response.json({ challenge: body.challenge })
		const workspace = workspaceOf(body)
		if (!(await isConnectedTeam(context, workspace))) return text(200, notConnectedText(workspace))
		const token = tokenOf(request.headers, body)
		if (!(await isFirstTime(context, token))) return text(200)
		return answer(context, token, delivery(request.headers, body), process)
	}
}

/** A retry of an event has a new signature but the same event id. Any other repetition is a replay. */
const tokenOf = (headers: Headers, { event_id: id }: Record<string, unknown>): string =>
	typeof id === 'string' ? `event:${id}` : `signature:${headers.get('x-slack-signature')}`

function delivery(headers: Headers, body: Record<string, unknown>): Omit<Delivery, 'ack'> {
	const retryNum = Number(headers.get('x-slack-retry-num'))
	return retryNum > 0 ? { body, retryNum } : { body }
}

function answerOf(message: unknown): Response {
	if (message === undefined || message === '') return text(200)
	return typeof message === 'string' ? text(200, message) : Response.json(message)
}

/**
 * Only acknowledged requests get a 200. One that fails earlier is forgotten, so that Slack or the person can send it again.
 * One that takes too long continues, but Slack gets a 503.
 */
function answer(
	context: Context,
	token: string,
	request: Omit<Delivery, 'ack'>,
	process: Process,
): Promise<Response> {
	return new Promise((resolve) => {
		let acknowledged = false
		const late = setTimeout(() => resolve(text(503, 'This takes longer than expected.')), ackWithinMs)
		const ack = async (message?: unknown) => {
			acknowledged = true
			resolve(answerOf(message))
		}
		const work = process({ ...request, ack })
			.then(
				() => ack(),
				async (error) => {
					const fields = { error: peerText(error), stack: (error as Error).stack }
					context.logger.error('a Slack request failed', fields)
					if (acknowledged) return
					resolve(text(500, 'Something went wrong on our side. The log has the details.'))
					await forgetRequest(context, token)
				},
			)
			.finally(() => clearTimeout(late))
		context.background?.(work)
	})
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value)

/** The body: JSON, a form, or JSON in the `payload` of a form. Undefined if it is none of these. */
function parseBody(bytes: Uint8Array, type: string): Record<string, unknown> | undefined {
	const text = new TextDecoder().decode(bytes)
	try {
		const form = new URLSearchParams(text)
		const json = type.startsWith('application/json') ? text : form.get('payload')
		const body: unknown = json === null ? Object.fromEntries(form) : JSON.parse(json)
		return isObject(body) && deepPath(body) === undefined ? body : undefined
	} catch {
		return undefined
	}
}

// A timestamp can be five minutes ahead and stays valid for five more; the last retry of an event comes after six.
const keepMs = 10 * minuteMs

/** Whether a token (a signature or an event id) is seen for the first time in the last minutes. */
async function isFirstTime(context: Context, token: string): Promise<boolean> {
	const now = context.now()
	const [, inserted] = await context.db.batch([
		context.db.delete(slackReplays).where(lt(slackReplays.seenAt, now - keepMs)),
		context.db
			.insert(slackReplays)
			.values({ token, seenAt: now })
			.onConflictDoNothing()
			.returning({ token: slackReplays.token }),
	])
	return (inserted as unknown[]).length > 0
}

/** Forgets a request that was not handled, so that it can be sent again. */
async function forgetRequest(context: Context, token: string): Promise<void> {
	await context.db.delete(slackReplays).where(eq(slackReplays.token, token))
}
