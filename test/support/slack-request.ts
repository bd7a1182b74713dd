import { createHmac } from 'node:crypto'
import type { Slack } from '../../src/slack/open-slack.ts'

export const signingSecret = 'test-signing-secret-8f742231b10e'

type Options = { secret?: string; timestamp?: number; json?: boolean; headers?: Record<string, string> }

/** A request as Slack sends it, signed at `nowMs` (or `timestamp`, in seconds). */
export function slackRequest(
	url: string,
	body: Record<string, string> | object,
	nowMs: number,
	options: Options = {},
): Request {
	const raw = options.json
		? JSON.stringify(body)
		: new URLSearchParams(body as Record<string, string>).toString()
	const timestamp = String(options.timestamp ?? Math.floor(nowMs / 1000))
	const mac = createHmac('sha256', options.secret ?? signingSecret)
		.update(`v0:${timestamp}:${raw}`)
		.digest('hex')
	return new Request(url, {
		method: 'POST',
		body: raw,
		headers: {
			'content-type': options.json ? 'application/json' : 'application/x-www-form-urlencoded',
			'x-slack-request-timestamp': timestamp,
			'x-slack-signature': `v0=${mac}`,
			...options.headers,
		},
	})
}

/** What a server does with such a request, once Slack is there. */
export const handledBy = (find: () => Slack | undefined) => (request: Request) => {
	const handle = find()?.handle
	if (!handle) throw new Error('Slack is not connected')
	return handle(request)
}
