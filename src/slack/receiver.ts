import { and, eq, gt, lt, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { collectBytes } from '../core/collect-bytes.ts'
import { deepPath } from '../core/json-shape.ts'
import { peerText } from '../core/peer-text.ts'
import { hourMs, minuteMs, secondMs } from '../core/time.ts'
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
const acceptWithinMs = 2000

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
		if (!(await noteRequest(context, token, body))) return text(200)
		return answer(context, token, delivery(request.headers, body), process)
	}
}

const eventPrefix = 'event:'

/** A retry of an event has a new signature but the same event id. Any other repetition is a replay. */
const tokenOf = (headers: Headers, { event_id: id }: Record<string, unknown>): string =>
	typeof id === 'string' ? `${eventPrefix}${id}` : `signature:${headers.get('x-slack-signature')}`

function delivery(headers: Headers, body: Record<string, unknown>): Omit<Delivery, 'ack'> {
	const retryNum = Number(headers.get('x-slack-retry-num'))
	return retryNum > 0 ? { body, retryNum } : { body }
}

function answerOf(message: unknown): Response {
	if (message === undefined || message === '') return text(200)
	return typeof message === 'string' ? text(200, message) : Response.json(message)
}

/**
 * Only acknowledged requests get a 200: events once they are handled, and others when the listener says so. One that fails
 * earlier is forgotten, so that Slack or the person can send it again. One that takes too long continues: Slack gets a 200 for
 * an event, which is stored, and a 503 for anything else.
 */
function answer(
	context: Context,
	token: string,
	request: Omit<Delivery, 'ack'>,
	process: Process,
): Promise<Response> {
	return new Promise((resolve) => {
		let acknowledged = false
		const isEvent = token.startsWith(eventPrefix)
		const late = setTimeout(
			() => {
				acknowledged = isEvent
				resolve(isEvent ? text(200) : text(503, 'This takes longer than expected.'))
			},
			isEvent ? acceptWithinMs : ackWithinMs,
		)
		const ack = async (message?: unknown) => {
			acknowledged = true
			resolve(answerOf(message))
		}
		const work = process({ ...request, ack: isEvent ? async () => undefined : ack })
			.then(
				async () => {
					if (isEvent) await markHandled(context, token)
					await ack()
				},
				async (error) => {
					const fields = { error: peerText(error), stack: (error as Error).stack }
					context.logger.error('a Slack request failed', fields)
					if (acknowledged) return
					await forgetRequest(context, token)
					resolve(text(500, 'Something went wrong on our side. The log has the details.'))
				},
			)
			.catch((error) => {
				context.logger.error('a Slack request could not be noted', { error: peerText(error) })
				resolve(text(500, 'Something went wrong on our side. The log has the details.'))
			})
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

// Longer than any event takes: one that was not handled by then has failed, or was lost with its process.
const abandonedAfterMs = 30 * secondMs
// Nobody waits longer for an answer.
const resumeForMs = hourMs

const isAbandoned = (now: number) =>
	sql`body IS NOT NULL AND handled_at IS NULL AND seen_at <= ${now - abandonedAfterMs}`

/**
 * Notes a request by its token, a signature or an event id. Each is handled once, so the answer says whether to handle it; an
 * event whose process died is handled again, when Slack sends it again or by `resumeEvents`.
 */
async function noteRequest(context: Context, token: string, body: Record<string, unknown>): Promise<boolean> {
	const now = context.now()
	const event = token.startsWith(eventPrefix) ? { body, firstSeenAt: now } : {}
	const [, noted] = await context.db.batch([
		context.db.delete(slackReplays).where(lt(slackReplays.seenAt, now - keepMs)),
		context.db
			.insert(slackReplays)
			.values({ token, seenAt: now, ...event })
			.onConflictDoUpdate({ target: slackReplays.token, set: { seenAt: now }, setWhere: isAbandoned(now) })
			.returning({ token: slackReplays.token }),
	])
	return (noted as unknown[]).length > 0
}

/** Handles the events of the last hour that were accepted, and then failed or were lost with their process. */
export async function resumeEvents(context: Context, process: Process): Promise<void> {
	const now = context.now()
	const left = await context.db
		.select()
		.from(slackReplays)
		.where(and(isAbandoned(now), gt(slackReplays.firstSeenAt, now - resumeForMs)))
	for (const { token, body } of left) {
		if (!body || !(await noteRequest(context, token, body))) continue
		try {
			await process({ body, ack: async () => undefined })
			await markHandled(context, token)
		} catch (error) {
			context.logger.warn('an event of Slack could not be handled yet', { error: peerText(error) })
		}
	}
}

async function markHandled(context: Context, token: string): Promise<void> {
	await context.db.update(slackReplays).set({ handledAt: context.now() }).where(eq(slackReplays.token, token))
}

/** Handles an event that came by Socket Mode, where Slack sends it again too. */
export async function handleOnce(
	context: Context,
	body: Record<string, unknown>,
	handle: () => Promise<void>,
): Promise<void> {
	const token = `${eventPrefix}${body.event_id}`
	if (!(await noteRequest(context, token, body))) return
	try {
		await handle()
		await markHandled(context, token)
	} catch (error) {
		await forgetRequest(context, token)
		throw error
	}
}

/** Forgets a request that was not handled, so that it can be sent again. */
async function forgetRequest(context: Context, token: string): Promise<void> {
	await context.db.delete(slackReplays).where(eq(slackReplays.token, token))
}
