import type { Context } from '../context.ts'
import { peerText } from '../core/peer-text.ts'
import { secondMs } from '../core/time.ts'
import type { SlackBody, SlackCall, SlackClient, SlackFailure } from '../ports/slack-client.ts'
import { isTokenFault } from './connection.ts'

const timeoutMs = 10 * secondMs
// Slack allows about one message per second and channel.
const paceMs = secondMs
// Errors of the message itself: retrying does not help. All other errors can be fixed in time.
const final = new Set([
	'invalid_blocks',
	'invalid_blocks_format',
	'invalid_arguments',
	'invalid_metadata_format',
	'msg_too_long',
	'msg_blocks_too_long',
	'no_text',
	'cant_update_message',
	'edit_window_closed',
])

export type SlackClientOptions = {
	token: string
	channel: string
	apiUrl?: string | undefined
	/** How to wait; replaced in tests. */
	pause?: (ms: number) => Promise<void>
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Slack's Web API over `fetch`, for Node and workers. Paced by channel. Never throws. */
export function slackClient(context: Context, options: SlackClientOptions): SlackClient {
	const base = (options.apiUrl ?? 'https://slack.com/api/').replace(/\/*$/, '/')
	const turn = pacer(context, options.pause ?? sleep)
	let trouble: string | undefined
	const call: SlackCall = async (method, body) => {
		const answer = await send(method, body)
		if (answer.ok) trouble = undefined
		else if (isTokenFault(answer.error.message) || !answer.error.refused) trouble = answer.error.message
		return answer
	}
	const send: SlackCall = async (method, body) => {
		try {
			if (method.startsWith('chat.')) await turn(String(body.channel))
			const response = await context.fetch(base + method, {
				method: 'POST',
				headers: { authorization: `Bearer ${options.token}` },
				body: formOf(body),
				signal: AbortSignal.timeout(timeoutMs),
			})
			return await readAnswer(response)
		} catch (error) {
			return failure(peerText(error))
		}
	}
	return {
		call,
		channel: options.channel,
		trouble: () => trouble,
	}
}

/** Spaces the messages of each channel a second apart. */
function pacer(context: Context, pause: (ms: number) => Promise<void>): (channel: string) => Promise<void> {
	const next = new Map<string, number>()
	return async (channel) => {
		const now = context.now()
		const at = Math.max(now, next.get(channel) ?? 0)
		next.set(channel, at + paceMs)
		if (at > now) await pause(at - now)
	}
}

/** As a form: methods that read do not accept JSON. */
function formOf(body: Record<string, unknown>): URLSearchParams {
	const form = new URLSearchParams()
	for (const [name, value] of Object.entries(body))
		if (value !== undefined) form.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
	return form
}

const failure = (message: string, more: Partial<SlackFailure> = {}) => ({
	ok: false as const,
	error: { message, retryable: true, refused: false, ...more },
})

async function readAnswer(response: Response): ReturnType<SlackCall> {
	const retryAfterMs = Math.max(1, Number(response.headers.get('retry-after')) || 1) * secondMs
	if (response.status === 429) return failure('ratelimited', { refused: true, retryAfterMs })
	if (!response.ok) return failure(`Slack returned status ${response.status}`)
	const answer = (await response.json()) as SlackBody
	if (answer.ok) return { ok: true, value: answer }
	const error = peerText(answer.error ?? 'unknown_error')
	if (error === 'ratelimited') return failure(error, { refused: true, retryAfterMs })
	// With these two errors the call may have taken effect.
	const unsure = error === 'internal_error' || error === 'fatal_error'
	return failure(error, { refused: !unsure, retryable: !final.has(error) })
}
