import { HttpResponse, http, passthrough } from 'msw'
import { setupServer } from 'msw/node'

export type FakeMessage = {
	channel: string
	ts: string
	text: string
	thread_ts?: string | undefined
	blocks?: unknown
	metadata?: { event_type: string; event_payload: Record<string, unknown> }
}
/** What somebody alone sees in a channel. */
export type Ephemeral = FakeMessage & { user: string }
/** What somebody alone was told behind a button or a command. */
export type ToOne = {
	text: string
	blocks: { type: string; [name: string]: unknown }[]
	response_type: string
}
type Uploaded = {
	bytes: Uint8Array
	name: string
	state: 'begun' | 'sent' | 'private' | 'shared' | 'deleted'
	/** Where it was shared. */
	channel?: string | undefined
}
/** A member as `users.info` shows them. */
export type FakeUser = {
	team_id?: string
	deleted?: boolean
	profile?: { email?: string }
	[mark: string]: unknown
}
type FakeView = { id: string; [name: string]: unknown }
type Body = Record<string, unknown> & { channel: string; ts: string; thread_ts?: string }
type Answer = Record<string, unknown>

const jsonMembers = new Set(['blocks', 'metadata', 'files', 'view'])

/** Slack reads forms; what is not a string in them is JSON. */
const parseForm = (text: string): Body =>
	Object.fromEntries(
		[...new URLSearchParams(text)].map(([name, value]) => [
			name,
			jsonMembers.has(name) ? JSON.parse(value) : value,
		]),
	) as Body

/** Slack's Web API with state: messages by channel and ts, threads, rate limits, failures that a test asks for. */
export class FakeSlack {
	readonly messages: FakeMessage[] = []
	readonly calls: string[] = []
	/** Each call with the workspace of its token. */
	readonly calledFor: string[] = []
	/** Name to id of the channels that the bot is in. Only posting takes the name. */
	readonly channels: Record<string, string> = { ml: 'C0000000ML', direct: 'D0000000U1' }
	readonly files = new Map<string, Uploaded>()
	readonly views = new Map<string, FakeView>()
	/** The Home tabs, by person. */
	readonly homes = new Map<string, FakeView>()
	readonly ephemeral: Ephemeral[] = []
	/** What was posted to response URLs. */
	readonly toOne: ToOne[] = []
	/** Triggers that can still open a modal: each once. */
	readonly triggers = new Set<string>()
	/** How often a message with a new file is refused, as it is until Slack has looked through the file. */
	refusalsOfNewFiles = 0
	/** How many a page of a listing has. */
	pageSize = 200
	/** The workspace of each token. */
	readonly tokens = new Map([['xoxb-test', 'T1']])
	/** Members by TEAM/USER. Everybody else in the workspace of a token is an active member without an address. */
	readonly users = new Map<string, FakeUser>()
	/** The members of user groups, by TEAM/GROUP. */
	readonly groups = new Map<string, string[]>()
	/** What `oauth.v2.access` answers to a code, once. */
	readonly codes = new Map<string, Answer>()
	/** Answers for the next calls of a method, instead of the usual ones. */
	private readonly planned = new Map<string, ((body: Body) => Response)[]>()
	private clock = 1_700_000_000

	readonly server = setupServer(
		http.all(/^http:\/\/127\.0\.0\.1/, () => passthrough()),
		http.post('https://slack.com/api/:method', async ({ request, params }) => {
			const method = String(params.method)
			this.calls.push(method)
			const body = parseForm(await request.text())
			const planned = this.planned.get(method)?.shift()
			if (planned) return planned(body)
			if (method === 'oauth.v2.access') return HttpResponse.json(this.access(body))
			const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
			const team = this.tokens.get(token)
			if (team === undefined) return HttpResponse.json({ ok: false, error: 'invalid_auth' })
			this.calledFor.push(`${team} ${method}`)
			return HttpResponse.json(this.about(team, method, body) ?? this.answer(method, body))
		}),
		http.post('https://files.slack.com/upload/v1/:file', async ({ request, params }) => {
			const file = this.files.get(String(params.file))
			const bytes = new Uint8Array(await request.arrayBuffer())
			if (file?.state !== 'begun' || bytes.length !== file.bytes.length)
				return HttpResponse.text('no such upload', { status: 400 })
			Object.assign(file, { bytes, state: 'sent' })
			return HttpResponse.text(`OK - ${bytes.length}`)
		}),
		http.post('https://hooks.slack.com/actions/:id', async ({ request }) => {
			const message = (await request.json()) as ToOne
			for (const { type, slack_file } of message.blocks ?? []) {
				const file = this.files.get((slack_file as { id: string } | undefined)?.id ?? '')
				const isReady = type !== 'image' || (file?.state === 'private' && this.refusalsOfNewFiles-- <= 0)
				if (!isReady) return HttpResponse.json({ ok: false, error: 'invalid_blocks' }, { status: 404 })
			}
			this.toOne.push(message)
			return HttpResponse.json({ ok: true })
		}),
	)

	reset(): void {
		this.messages.length = 0
		this.toOne.length = 0
		this.files.clear()
		this.views.clear()
		this.homes.clear()
		this.ephemeral.length = 0
		this.triggers.clear()
		this.tokens.clear()
		this.tokens.set('xoxb-test', 'T1')
		this.users.clear()
		this.groups.clear()
		this.codes.clear()
		this.refusalsOfNewFiles = 0
		this.calls.length = 0
		this.calledFor.length = 0
		this.planned.clear()
		this.pageSize = 200
	}

	plan(method: string, ...answers: ((body: Body) => Response)[]): void {
		this.planned.set(method, [...(this.planned.get(method) ?? []), ...answers])
	}

	/** The next message is posted, but the answer never arrives. */
	planLostAnswer(): void {
		this.plan('chat.postMessage', (body) => {
			this.post(body)
			return HttpResponse.error()
		})
	}

	private access({ code, client_id, client_secret }: Body): Answer {
		if (client_id !== 'client-1' || client_secret !== 'client-secret-1')
			return { ok: false, error: 'bad_client_secret' }
		const answer = this.codes.get(String(code))
		this.codes.delete(String(code))
		return answer ?? { ok: false, error: 'invalid_code' }
	}

	/** What a token's workspace says about itself and its people; undefined for other methods. */
	private about(team: string, method: string, body: Body): Answer | undefined {
		if (method === 'auth.test') return { ok: true, team_id: team, user_id: 'UBOT' }
		if (method === 'users.info') {
			const id = String(body.user)
			return { ok: true, user: { id, team_id: team, deleted: false, ...this.users.get(`${team}/${id}`) } }
		}
		if (method !== 'usergroups.users.list') return undefined
		const users = this.groups.get(`${team}/${String(body.usergroup)}`)
		return users ? { ok: true, users } : { ok: false, error: 'no_such_subteam' }
	}

	private idOf(channel: string): string | undefined {
		const name = channel.replace(/^#/, '')
		return this.channels[name] ?? Object.values(this.channels).find((id) => id === channel)
	}

	private post(body: Body): Answer {
		const channel = this.idOf(body.channel)
		if (channel === undefined) return { ok: false, error: 'channel_not_found' }
		// Slack posts at top level, without a word, when the parent of a thread is gone.
		const hasParent = this.messages.some((m) => m.ts === body.thread_ts && m.channel === channel)
		const message = {
			...(body as unknown as FakeMessage),
			channel,
			ts: `${++this.clock}.000100`,
			thread_ts: hasParent ? body.thread_ts : undefined,
		}
		this.messages.push(message)
		return { ok: true, ts: message.ts, channel, message }
	}

	private page(name: string, all: readonly unknown[], { cursor }: Body): Answer {
		const from = Number(cursor ?? 0)
		const next = from + this.pageSize < all.length ? String(from + this.pageSize) : ''
		return {
			ok: true,
			[name]: all.slice(from, from + this.pageSize),
			response_metadata: { next_cursor: next },
		}
	}

	private answer(method: string, body: Body): Answer {
		if (method === 'chat.postMessage') return this.post(body)
		if (method.startsWith('files.')) return this.file(method, body)
		if (method.startsWith('views.')) return this.view(method, body)
		if (method === 'conversations.open') return { ok: true, channel: { id: this.channels.direct } }
		if (method === 'users.conversations')
			return this.page(
				'channels',
				Object.entries(this.channels).map(([name, id]) => ({ id, name })),
				body,
			)
		if (!Object.values(this.channels).includes(body.channel)) return { ok: false, error: 'channel_not_found' }
		if (method === 'chat.postEphemeral') {
			this.ephemeral.push({ ...(body as unknown as Ephemeral) })
			return { ok: true, message_ts: `${++this.clock}.000100` }
		}
		const there = this.messages.filter((m) => m.channel === body.channel)
		const message = there.find((m) => m.ts === body.ts)
		switch (method) {
			case 'chat.update':
				if (!message) return { ok: false, error: 'message_not_found' }
				Object.assign(message, { text: body.text, blocks: body.blocks })
				return { ok: true, ts: body.ts }
			case 'chat.delete':
				this.messages.splice(this.messages.indexOf(message as FakeMessage), 1)
				return { ok: true }
			case 'conversations.history':
				return this.page(
					'messages',
					there.filter((m) => m.thread_ts === undefined),
					body,
				)
			case 'conversations.replies':
				if (!message) return { ok: false, error: 'thread_not_found' }
				return this.page('messages', [message, ...there.filter((m) => m.thread_ts === body.ts)], body)
			default:
				return { ok: false, error: 'unknown_method' }
		}
	}

	private file(method: string, body: Body): Answer {
		if (method === 'files.getUploadURLExternal') {
			const id = `F${String(++this.clock).padStart(10, '0')}`
			const bytes = new Uint8Array(Number(body.length))
			this.files.set(id, { bytes, name: String(body.filename), state: 'begun' })
			return { ok: true, file_id: id, upload_url: `https://files.slack.com/upload/v1/${id}` }
		}
		if (method === 'files.completeUploadExternal') {
			const [{ id }] = body.files as [{ id: string }]
			const file = this.files.get(id)
			if (file?.state !== 'sent') return { ok: false, error: 'file_not_found' }
			file.state = body.channel_id === undefined && body.channels === undefined ? 'private' : 'shared'
			file.channel = body.channel_id as string | undefined
			return { ok: true, files: body.files }
		}
		const file = this.files.get(String(body.file))
		if (method !== 'files.delete' || !file || file.state === 'deleted')
			return { ok: false, error: 'file_not_found' }
		file.state = 'deleted'
		return { ok: true }
	}

	private view(method: string, body: Body): Answer {
		const view = body.view as FakeView
		if (method === 'views.open') {
			if (!this.triggers.delete(String(body.trigger_id))) return { ok: false, error: 'expired_trigger_id' }
			const id = `V${++this.clock}`
			this.views.set(id, { ...view, id })
			return { ok: true, view: { ...view, id } }
		}
		if (method === 'views.publish') {
			this.homes.set(String(body.user_id), { ...view, id: String(body.user_id) })
			return { ok: true, view }
		}
		const id = String(body.view_id)
		if (!this.views.has(id)) return { ok: false, error: 'not_found' }
		this.views.set(id, { ...view, id })
		return { ok: true, view: { ...view, id } }
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

export const refused = (error: string) => () => HttpResponse.json({ ok: false, error })
