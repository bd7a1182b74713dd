import type { Context } from '../context.ts'
import { peerText } from '../core/peer-text.ts'
import { payloadFault } from './payload.ts'
import { parseBody, readBody } from './read-body.ts'
import { forgetRequest, isFirstTime } from './remember-request.ts'
import { isFresh, isFromSlack } from './verify.ts'

/** What Bolt is told of a request; `ack` answers it. */
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
 * Takes what Slack posts: checks the signature over the raw body and the time on both sides, answers a repetition
 * without acting twice, and hands the rest to Bolt. The answer goes out when the listener acknowledges.
 */
export function slackReceiver(
	context: Context,
	secret: string,
	process: Process,
	apiUrl?: string,
): (request: Request) => Promise<Response> {
	return async (request) => {
		if (request.method !== 'POST') return text(405)
		// Before a byte is read: who sends neither is not Slack.
		if (!isFresh(request.headers, context.now()))
			return text(401, 'The signature or its time is missing or wrong.')
		const bytes = await readBody(request, maxBytes)
		if (!bytes) return text(413, `The body is over ${maxBytes} bytes.`)
		if (!(await isFromSlack(secret, request.headers, bytes, context.now())))
			return text(401, 'The signature or its time is wrong.')
		const body = parseBody(bytes, request.headers.get('content-type') ?? '')
		if (!body) return text(400, 'The body cannot be parsed.')
		if (body.ssl_check !== undefined) return text(200)
		const fault = payloadFault(body, apiUrl)
		if (fault !== undefined) return text(400, fault)
		if (body.type === 'url_verification') return Response.json({ challenge: body.challenge })
		const token = tokenOf(request.headers, body)
		if (!(await isFirstTime(context, token))) return text(200)
		return answer(context, token, delivery(request.headers, body), process)
	}
}

/** A retry of an event has another signature but the same event id; anything else that comes twice is a replay. */
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
 * Slack hears "taken" only of what was acknowledged: what fails before that is forgotten, so that Slack, or the person,
 * may send it again. What takes too long goes on, but Slack is told that it is not certain.
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
					resolve(text(500, 'Something went wrong on our side; it is in the log.'))
					await forgetRequest(context, token)
				},
			)
			.finally(() => clearTimeout(late))
		context.background?.(work)
	})
}
