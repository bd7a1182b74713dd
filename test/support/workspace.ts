import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createEmulator } from 'emulate'
import type { Block } from '../../src/slack/blocks/text.ts'
import type { Json } from './server.ts'
import { signingSecret, slackRequest } from './slack-request.ts'

export const botToken = 'xoxb-plumbline'
const channelName = 'ml-alerts'

export type Message = { ts: string; text: string; blocks: Block[]; thread_ts?: string }
export type View = {
	id: string
	callback_id: string
	private_metadata: string
	title?: Json
	blocks: Block[]
}
type Fail = (body: Json) => { status?: number; headers?: Record<string, string>; body: unknown } | undefined

/**
 * A Slack workspace in a process of its own kind: an emulator of the Web API, and in front of it what it lacks (opened
 * modals to look at, response URLs, failures that a test plans).
 */
export async function openWorkspace(names: readonly string[]) {
	const users = ['plumbline', ...names].map((name) => ({ name, email: `${name}@bank.example` }))
	const emulator = await createEmulator({
		service: 'slack',
		port: 0,
		seed: {
			slack: {
				team: { name: 'Bank', domain: 'bank' },
				users,
				channels: [{ name: channelName }],
				tokens: [{ token: botToken, user: 'plumbline', type: 'bot' }],
			},
		},
	})
	const upstream = emulator.url.replace('localhost', '127.0.0.1')
	const call = async (method: string, body: Json = {}): Promise<Json> => {
		const headers = { authorization: `Bearer ${botToken}`, 'content-type': 'application/json' }
		const response = await fetch(`${upstream}/api/${method}`, {
			method: 'POST',
			headers,
			body: JSON.stringify(body),
		})
		const answer = (await response.json()) as Json
		if (!answer.ok) throw new Error(`${method}: ${answer.error}`)
		return answer
	}
	const views = new Map<string, View>()
	/** What was posted to response URLs, by the id at their end. */
	const replies = new Map<string, Json[]>()
	/** The calls that were answered by the workspace. */
	const calls: { method: string; body: Json; result: Json }[] = []
	const planned = new Map<string, Fail[]>()
	const front = createServer((request, response) => void serve(request, response))
	const serve = async (request: IncomingMessage, response: ServerResponse) => {
		const chunks: Buffer[] = []
		for await (const chunk of request) chunks.push(chunk as Buffer)
		const bytes = Buffer.concat(chunks)
		const [, kind, name = ''] = new URL(request.url ?? '/', 'http://slack').pathname.split('/')
		const answer = (status: number, body: unknown, headers = {}) =>
			response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
		if (kind === 'reply') {
			replies.set(name, [...(replies.get(name) ?? []), JSON.parse(bytes.toString())])
			return answer(200, { ok: true })
		}
		if (kind !== 'api') return relay(upstream, request, bytes, response)
		const body = formOf(bytes.toString())
		const failed = planned.get(name)?.shift()?.(body)
		if (failed) return answer(failed.status ?? 200, failed.body, failed.headers)
		// The emulator has no list of a bot's own channels: this bot is in all of them.
		const method = name === 'users.conversations' ? 'conversations.list' : name
		const real = await fetch(`${upstream}/api/${method}`, {
			method: 'POST',
			headers: {
				authorization: request.headers.authorization ?? '',
				'content-type': request.headers['content-type'] ?? '',
			},
			body: new Uint8Array(bytes),
		})
		const result = (await real.json()) as Json
		if (result.ok && name.startsWith('views.'))
			views.set(result.view.id, { ...body.view, id: result.view.id })
		calls.push({ method: name, body, result })
		answer(real.status, result)
	}
	await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
	const url = `http://127.0.0.1:${(front.address() as { port: number }).port}`
	const { members } = await call('users.list')
	const { channels } = await call('conversations.list')
	const { team_id: team } = await call('auth.test')
	const idOf = (name: string): string => members.find((m: Json) => m.name === name).id
	const channel: string = channels.find((c: Json) => c.name === channelName).id
	return {
		apiUrl: `${url}/api/`,
		url,
		team: team as string,
		channel,
		channelName,
		call,
		calls,
		views,
		replies,
		idOf,
		/** The next calls of a method fail like this. */
		plan: (method: string, ...fails: Fail[]) =>
			void planned.set(method, [...(planned.get(method) ?? []), ...fails]),
		/** The messages of the channel as they are now, the oldest first. */
		async messages(): Promise<Message[]> {
			const { messages } = await call('conversations.history', { channel, limit: 1000 })
			return (messages as Message[])
				.filter((m) => m.thread_ts === undefined || m.thread_ts === m.ts)
				.reverse()
		},
		async thread(ts: string): Promise<Message[]> {
			const { messages } = await call('conversations.replies', { channel, ts, limit: 1000 })
			return (messages as Message[]).filter((m) => m.ts !== ts)
		},
		async close() {
			front.closeAllConnections()
			await new Promise((resolve) => front.close(resolve))
			await emulator.close()
		},
	}
}

export type Workspace = Awaited<ReturnType<typeof openWorkspace>>

const jsonMembers = new Set(['blocks', 'metadata', 'files', 'view'])

/** Slack reads forms; what is not a string in them is JSON. */
const formOf = (text: string): Json =>
	Object.fromEntries(
		[...new URLSearchParams(text)].map(([name, value]) => [
			name,
			jsonMembers.has(name) ? JSON.parse(value) : value,
		]),
	)

/** Everything else, such as an upload, as it is. */
async function relay(
	upstream: string,
	request: IncomingMessage,
	bytes: Buffer,
	response: ServerResponse,
): Promise<void> {
	const { method = 'GET', headers } = request
	const real = await fetch(upstream + request.url, {
		method,
		headers: { 'content-type': headers['content-type'] ?? 'application/octet-stream' },
		...(method === 'GET' ? {} : { body: new Uint8Array(bytes) }),
	})
	response.writeHead(real.status).end(Buffer.from(await real.arrayBuffer()))
}

type Service = { url: string; now: () => number }
export type Answered = { status: number; body: Json }
/** `reply`: the id of its response URL. */
type Pressed = Answered & { reply: string }

/** Each request has a time of its own: two equal ones would be a replay. */
let moment = 0

/** Somebody in a workspace: types, presses and submits, as signed requests to the service. */
export class SlackPerson {
	readonly id: string
	readonly name: string
	private readonly workspace: Workspace
	private readonly service: Service
	team: string

	constructor(
		workspace: Workspace,
		service: Service,
		name: string,
		more: { id?: string; team?: string } = {},
	) {
		this.workspace = workspace
		this.service = service
		this.name = name
		this.id = more.id ?? workspace.idOf(name)
		this.team = more.team ?? workspace.team
	}

	async post(body: Record<string, string> | object, options: { json?: boolean } = {}): Promise<Answered> {
		const at = this.service.now() - (++moment % 200) * 1000
		const response = await fetch(slackRequest(`${this.service.url}/slack/events`, body, at, options))
		const text = await response.text()
		return { status: response.status, body: text === '' ? undefined : parsed(text) }
	}

	/** Types `/plumb …`; answers what is shown to them alone, at once or through the response URL. */
	async command(text: string): Promise<Message> {
		const reply = `c${++moment}`
		const { body } = await this.post({
			command: '/plumb',
			text,
			team_id: this.team,
			user_id: this.id,
			channel_id: this.workspace.channel,
			trigger_id: await this.trigger(),
			response_url: `${this.workspace.url}/reply/${reply}`,
		})
		return body?.blocks ? body : this.laterReply(reply)
	}

	private async laterReply(id: string): Promise<Message> {
		return until(`a reply to ${this.name}`, () => this.workspace.replies.get(id)?.[0])
	}

	async trigger(): Promise<string> {
		return (await this.workspace.call('views.generateTriggerId', { user_id: this.id })).trigger_id
	}

	/** Presses the button of a message with this label; answers the modal that it opens, once it is filled. */
	async open(message: Message, label: string): Promise<View> {
		const before = this.workspace.calls.length
		const answer = await this.press(message, label)
		if (answer.status !== 200) throw new Error(`${label}: ${answer.status} ${JSON.stringify(answer.body)}`)
		return until(`the modal of ${label}`, () => {
			const update = this.workspace.calls.slice(before).findLast((call) => call.method === 'views.update')
			return update && this.workspace.views.get(update.body.view_id)
		})
	}

	/** Presses a button that is answered with a message to the person alone. */
	async tap(message: Message, label: string): Promise<Message> {
		const { reply } = await this.press(message, label)
		return this.laterReply(reply)
	}

	async press(message: Message, label: string, more: object = {}): Promise<Pressed> {
		const element = buttonsOf(message.blocks).find((b) => b.text.text === label)
		if (!element) throw new Error(`there is no button "${label}" in ${JSON.stringify(message.blocks)}`)
		return this.interact({
			type: 'block_actions',
			trigger_id: await this.trigger(),
			channel: { id: this.workspace.channel },
			container: { type: 'message', message_ts: message.ts, channel_id: this.workspace.channel },
			message: { ts: message.ts, text: message.text },
			actions: [{ ...element, block_id: 'b', action_ts: '1' }],
			...more,
		})
	}

	/** Fills in a modal by the labels of its fields, and submits it. */
	submit(view: View, fields: Readonly<Record<string, string>>, more: object = {}): Promise<Pressed> {
		const values: Json = {}
		for (const block of view.blocks as Json[]) {
			if (block.type !== 'input') continue
			const { action_id: id, type, options = [] } = block.element
			const label = Object.keys(fields).find((name) => block.label.text.toLowerCase().includes(name))
			const value = label === undefined ? undefined : fields[label]
			const option = options.find((o: Json) => o.text.text === value || o.value === value)
			values[block.block_id] = {
				[id]: options.length > 0 ? { type, selected_option: option ?? null } : { type, value: value ?? null },
			}
		}
		return this.interact({
			type: 'view_submission',
			view: { ...view, state: { values }, ...more },
		})
	}

	async interact(payload: object): Promise<Pressed> {
		const reply = `i${++moment}`
		const common = {
			team: { id: this.team },
			user: { id: this.id, team_id: this.team },
			api_app_id: 'A1',
			response_url: `${this.workspace.url}/reply/${reply}`,
		}
		return { ...(await this.post({ payload: JSON.stringify({ ...common, ...payload }) })), reply }
	}
}

export const buttonsOf = (blocks: readonly Block[]): Json[] =>
	(blocks as Json[]).flatMap((b) =>
		[...(b.accessory ? [b.accessory] : []), ...(b.type === 'actions' ? b.elements : [])].filter(
			(e: Json) => e.type === 'button',
		),
	)

const parsed = (text: string): Json => {
	try {
		return JSON.parse(text)
	} catch {
		return text
	}
}

const waitMs = 120_000

/** The first value that `read` finds; throws, with what `explain` adds, if there is none after a while. */
export async function until<T>(
	what: string,
	read: () => T | undefined | Promise<T | undefined>,
	explain: () => unknown = () => '',
): Promise<T> {
	for (const began = Date.now(); Date.now() - began < waitMs; ) {
		const value = await read()
		if (value !== undefined) return value
		await new Promise((resolve) => setTimeout(resolve, 50))
	}
	throw new Error(`${what} did not come within ${waitMs / 1000} s. ${JSON.stringify(await explain())}`)
}

export { signingSecret }
