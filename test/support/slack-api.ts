import { HttpResponse, http, passthrough } from 'msw'
import { setupServer } from 'msw/node'

export type FakeMessage = {
	channel: string
	ts: string
	text: string
	thread_ts?: string
	blocks?: unknown[]
	metadata?: unknown
}

/** Slack's Web API with state: messages by channel and ts, threads, rate limits, failures that a test asks for. */
export class FakeSlack {
	readonly messages: FakeMessage[] = []
	readonly calls: string[] = []
	/** Answers for the next calls of a method, instead of the usual ones. */
	private readonly planned = new Map<string, (() => Response)[]>()
	private clock = 1_700_000_000

	readonly server = setupServer(
		http.all(/^http:\/\/127\.0\.0\.1/, () => passthrough()),
		http.post('https://slack.com/api/:method', async ({ request, params }) => {
			const method = String(params.method)
			this.calls.push(method)
			const planned = this.planned.get(method)?.shift()
			if (planned) return planned()
			if (request.headers.get('authorization') !== 'Bearer xoxb-test')
				return HttpResponse.json({ ok: false, error: 'invalid_auth' })
			return HttpResponse.json(
				this.answer(method, (await request.json()) as FakeMessage & { oldest?: string }),
			)
		}),
	)

	plan(method: string, ...answers: (() => Response)[]): void {
		this.planned.set(method, [...(this.planned.get(method) ?? []), ...answers])
	}

	/** The message is posted, but the answer never arrives. */
	planLostAnswer(channel: string, metadata: unknown): void {
		this.plan('chat.postMessage', () => {
			this.post({ channel, ts: '', text: 'posted', metadata })
			return HttpResponse.error()
		})
	}

	private post(body: FakeMessage): FakeMessage {
		// Slack posts at top level, without a word, when the parent of a thread is gone.
		const parent =
			body.thread_ts !== undefined &&
			this.messages.some((m) => m.ts === body.thread_ts && m.channel === body.channel)
		const { thread_ts: thread, ...rest } = body
		const message = {
			...rest,
			ts: `${++this.clock}.000100`,
			...(parent ? { thread_ts: thread as string } : {}),
		}
		this.messages.push(message)
		return message
	}

	private answer(method: string, body: FakeMessage & { oldest?: string }): Record<string, unknown> {
		const at = this.messages.findIndex((m) => m.channel === body.channel && m.ts === body.ts)
		switch (method) {
			case 'chat.postMessage': {
				const message = this.post(body)
				return { ok: true, ts: message.ts, channel: body.channel, message }
			}
			case 'chat.update':
				if (at < 0) return { ok: false, error: 'message_not_found' }
				Object.assign(this.messages[at] as FakeMessage, { text: body.text, blocks: body.blocks })
				return { ok: true, ts: body.ts }
			case 'chat.delete':
				this.messages.splice(at, 1)
				return { ok: true }
			case 'conversations.history':
				return { ok: true, messages: this.messages.filter((m) => m.channel === body.channel && !m.thread_ts) }
			default:
				return { ok: false, error: 'unknown_method' }
		}
	}

	get topLevel(): FakeMessage[] {
		return this.messages.filter((m) => m.thread_ts === undefined)
	}

	repliesTo(ts: string): string[] {
		return this.messages.filter((m) => m.thread_ts === ts).map((m) => m.text)
	}
}

export const tooMany = (seconds: number) => () =>
	new Response('{}', { status: 429, headers: { 'retry-after': String(seconds) } })
