import * as bolt from '@slack/bolt'
import type { Context, Logger } from '../context.ts'
import { peerText } from '../core/peer-text.ts'
import { secondMs } from '../core/time.ts'
import { within } from '../core/within.ts'
import { answerCommand } from './answer.ts'
import type { SlackMessage } from './blocks/text.ts'
import { follow } from './delivery/follow.ts'
import { errorsView, openModal, showIn } from './delivery/show-view.ts'
import { answerButton, answerOpening, answerSubmission, opensModal, waitingView } from './dispatch.ts'
import type { SlackEvent } from './events.ts'
import { events, modals, shortcuts } from './interactions.ts'
import type { Person } from './people/find-person.ts'
import { workspaceEvents } from './people/workspace-events.ts'
import { type Delivery, handleOnce } from './receiver.ts'
import type { Shortcut } from './shortcuts.ts'
import { stayConnected } from './stay-connected.ts'
import { isConnectedTeam, notConnectedText, workspaceOf } from './teams.ts'
import { requestsChange } from './understand.ts'

type BoltOptions = { botToken: string; appToken?: string | undefined; apiUrl?: string | undefined }

const timeoutMs = 10 * secondMs
const answerWithinMs = 2 * secondMs

/** Bolt with our listeners; `process` handles requests that the receiver has checked. `interactions.ts` lists what is handled. */
export function boltApp(context: Context, options: BoltOptions) {
	const logger = boltLogger(context.logger)
	const clientOptions = clientOptionsOf(context, options)
	const { appToken } = options
	const socket =
		appToken === undefined
			? undefined
			: new bolt.SocketModeReceiver({
					appToken,
					logger,
					autoReconnectEnabled: false,
					installerOptions: { clientOptions },
				})
	const app = new bolt.App({
		// The configured token authorises: no call to Slack is needed before the first reply.
		authorize: async () => ({ botToken: options.botToken, botId: 'plumbline', botUserId: 'plumbline' }),
		receiver: socket ?? { init() {}, start: async () => undefined, stop: async () => undefined },
		ignoreSelf: false,
		logger,
		clientOptions,
	})
	listen(app, context, socket !== undefined)
	for (const [type, note] of Object.entries(workspaceEvents))
		app.event(type, async ({ event, body }) => note(context, workspaceOf({ ...body }), event))
	if (socket) app.use(ignoreStrangers(context))
	const process = (delivery: Delivery) => app.processEvent(delivery)
	if (!socket) return { process }
	// Bolt's own reconnection ends the process if Slack is unreachable for some seconds.
	const connection = {
		connect: () => app.start(),
		disconnect: () => app.stop(),
		onDisconnected: (then: () => void) => void socket.client.on('disconnected', then),
	}
	return { process, socket: stayConnected(connection, context.logger) }
}

/** The receiver refuses workspaces that are not connected; in Socket Mode there is no receiver of ours. */
const ignoreStrangers =
	(context: Context): bolt.Middleware<bolt.AnyMiddlewareArgs> =>
	async ({ body, next, ...args }) => {
		const workspace = workspaceOf({ ...body })
		if (await isConnectedTeam(context, workspace)) return next()
		const { ack, command } = args as { ack?: (text?: string) => Promise<void>; command?: object }
		await ack?.(command && notConnectedText(workspace))
	}

/** By default Bolt retries ten times over half an hour, without a timeout. */
const clientOptionsOf = (context: Context, { apiUrl }: BoltOptions) => ({
	retryConfig: { retries: 1 },
	timeout: timeoutMs,
	fetch: ((input, init) =>
		context.fetch(input, { signal: AbortSignal.timeout(timeoutMs), ...init })) as typeof fetch,
	...(apiUrl ? { slackApiUrl: apiUrl } : {}),
})

// Messages of Bolt can contain a token, which must not get into the log.
const textOf = (parts: unknown[]) => peerText(parts.map(String).join(' '))

function boltLogger(logger: Logger): bolt.Logger {
	return {
		debug() {},
		info() {},
		warn: (...parts) => logger.warn(`Slack: ${textOf(parts)}`),
		error: (...parts) => logger.error(`Slack: ${textOf(parts)}`),
		setLevel() {},
		getLevel: () => bolt.LogLevel.WARN,
		setName() {},
	}
}

const toOne = (message: SlackMessage) => ({ response_type: 'ephemeral' as const, ...message })
type Respond = bolt.RespondFn
type Response = Parameters<Respond>[0]

/** For requests without a URL to reply to. */
const silent = (async () => undefined) as unknown as Respond

/** Registers everything in `interactions.ts`. */
function listen(app: bolt.App, context: Context, isSocket: boolean): void {
	app.command('/plumb', async ({ command, ack, respond = silent }) => {
		const person = personOf(command, command.user_id)
		const text = command.text ?? ''
		const work = answerCommand(context, person, text)
		const soon = await within(answerWithinMs, work)
		// A change is acknowledged once it is stored, so that a crash loses nothing.
		if (soon || !requestsChange(text)) await ack(soon && (toOne(soon.message) as Parameters<typeof ack>[0]))
		const reply = await work
		if (soon === undefined) await respond(toOne(reply.message) as Response)
		await follow(context, (message) => respond(added(message)), reply)
	})
	app.action(linkButton, async ({ ack }) => ack())
	app.action(otherAction, async ({ action, body, ack, respond = silent }) => {
		const { action_id: id, value, selected_option: option } = action as Action
		const person = personOf(body, body.user.id)
		const carried = value ?? option?.value ?? ''
		if (opensModal(id)) {
			const trigger = (body as { trigger_id?: string }).trigger_id
			const work = answerOpening(context, person, id, carried)
			const opened = openModal(context, person, trigger, waitingView(id))
			await ack()
			return showIn(context, person, await opened, await work, respond)
		}
		// Changes are stored before they are acknowledged, so that a crash loses nothing.
		const reply = await answerButton(context, person, id, carried)
		await ack()
		const send = (message: SlackMessage) => respond(added(message, threadOf(body)))
		await send(reply.message)
		await follow(context, send, reply)
	})
	for (const id of Object.keys(modals))
		app.view(id, async ({ view, body, ack }) => {
			const person = personOf(body, body.user.id)
			const { private_metadata: value, state } = view
			const work = answerSubmission(context, person, id, value, typedIn(state.values as Fields))
			const soon = await within(answerWithinMs, work)
			if (soon && 'errors' in soon) return ack({ response_action: 'errors', errors: soon.errors })
			// Nothing is acknowledged as done before it is.
			const next = soon?.view ?? waitingView(id)
			await ack({ response_action: 'update', view: next as unknown as ModalView })
			const done = await work
			if (soon === undefined)
				await showIn(context, person, view.id, 'view' in done ? done.view : errorsView(done.errors))
			if ('after' in done) await done.after?.()
		})
	for (const [id, answer] of Object.entries(shortcuts))
		app.shortcut(id, async ({ shortcut, body, ack }) => {
			const person = personOf(body, body.user.id)
			const work = answer(context, person, shortcutOf(shortcut as ShortcutBody))
			await within(answerWithinMs, work)
			await ack()
			const view = await work
			if (view) await openModal(context, person, shortcut.trigger_id, view)
		})
	for (const [type, answer] of Object.entries(events))
		app.event(type, async ({ event, body }) => {
			const { user, authorizations } = { user: undefined, ...body, ...event } as EventBody
			if (user === undefined) return
			const person = personOf(body, user)
			const handle = () => answer(context, person, event as SlackEvent, authorizations?.[0]?.user_id)
			// By HTTP the receiver has noted the event.
			await (isSocket ? handleOnce(context, { ...body }, handle) : handle())
		})
}

// Buttons that only open a link.
const linkButton = /^link_/
const otherAction = /^(?!link_)/

type Action = { action_id: string; value?: string; selected_option?: { value: string } | null }
type EventBody = { user?: string; authorizations?: { user_id?: string }[] }

function personOf(body: object, user: string): Person {
	const { team = '', enterprise } = workspaceOf(body as Record<string, unknown>)
	return { team, user, enterprise }
}

/** A message to the person alone, besides what is there. */
const added = (message: SlackMessage, thread?: string): Response => {
	const more = { replace_original: false, ...(thread === undefined ? {} : { thread_ts: thread }) }
	return { ...more, ...toOne(message) } as Response
}

/** The thread of the message that a button is in. */
const threadOf = (body: object): string | undefined =>
	(body as { message?: { thread_ts?: string } }).message?.thread_ts

type ShortcutBody = {
	type: string
	channel?: { id: string } | null
	message?: { text?: string | null; ts?: string; thread_ts?: string }
}

/** The text of the message, and its thread. */
function shortcutOf({ channel, message }: ShortcutBody): Shortcut {
	const text = message?.text ?? ''
	const thread = message?.thread_ts ?? message?.ts
	if (!channel || thread === undefined) return { text }
	return { text, place: { channel: channel.id, thread, isDirect: channel.id.startsWith('D') } }
}

type ModalView = Extract<Parameters<bolt.AckFn<bolt.ViewResponseAction>>[0], { view?: unknown }>['view']
type Field = {
	value?: string | null
	selected_option?: { value: string } | null
	selected_options?: { value: string }[] | null
}
type Fields = Record<string, Record<string, Field>>

/** The texts of the fields, by action id; an empty field is an empty text. */
function typedIn(blocks: Fields): Record<string, string> {
	const typed: Record<string, string> = Object.create(null)
	for (const fields of Object.values(blocks))
		for (const [id, field] of Object.entries(fields)) {
			const ticked = field.selected_options?.map((option) => option.value).join(',')
			typed[id] = field.value ?? field.selected_option?.value ?? ticked ?? ''
		}
	return typed
}
