import * as bolt from '@slack/bolt'
import type { Context, Logger } from '../context.ts'
import { peerText } from '../core/peer-text.ts'
import { secondMs } from '../core/time.ts'
import {
	answerButton,
	answerCommand,
	answerOpening,
	answerSubmission,
	loadingView,
	opensModal,
} from './answer.ts'
import type { SlackMessage, View } from './blocks/text.ts'
import { sayingView } from './blocks/what-if.ts'
import type { Delivery } from './receiver.ts'
import type { Reply } from './reply.ts'
import { stayConnected } from './stay-connected.ts'

export type BoltOptions = { botToken: string; appToken?: string | undefined; apiUrl?: string | undefined }

const timeoutMs = 10 * secondMs
const answerWithinMs = 2 * secondMs

/** Bolt with our listeners; `process` takes what our receiver has checked. Bolt only carries: what is said is decided in `answer.ts`. */
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
		// Authorisation is by the configured token: no call to Slack is needed before the first answer.
		authorize: async () => ({ botToken: options.botToken, botId: 'plumbline', botUserId: 'plumbline' }),
		receiver: socket ?? { init() {}, start: async () => undefined, stop: async () => undefined },
		ignoreSelf: false,
		logger,
		clientOptions,
	})
	listen(app, context)
	const process = (delivery: Delivery) => app.processEvent(delivery)
	if (!socket) return { process }
	// Bolt's own way to reconnect ends the process when Slack cannot be reached for some seconds.
	const connection = {
		connect: () => app.start(),
		disconnect: () => app.stop(),
		onLost: (then: () => void) => void socket.client.on('disconnected', then),
	}
	return { process, socket: stayConnected(connection, context.logger) }
}

/** Bolt would try ten times over half an hour, and wait for each answer for ever. */
const clientOptionsOf = (context: Context, { apiUrl }: BoltOptions) => ({
	retryConfig: { retries: 1 },
	timeout: timeoutMs,
	fetch: ((input, init) =>
		context.fetch(input, { signal: AbortSignal.timeout(timeoutMs), ...init })) as typeof fetch,
	...(apiUrl ? { slackApiUrl: apiUrl } : {}),
})

// Bolt writes what it has at hand: a token in a message must not get into a log.
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

/** What the work came to, or undefined if it takes longer. */
function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
	let timer: ReturnType<typeof setTimeout>
	const late = new Promise<undefined>((resolve) => {
		timer = setTimeout(resolve, ms, undefined)
	})
	return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const toOne = (message: SlackMessage) => ({ response_type: 'ephemeral' as const, ...message })
type Respond = bolt.RespondFn
type Said = Parameters<Respond>[0]

/** Bolt gives none where Slack sent no URL to reply to: then there is nobody to tell. */
const silent = (async () => undefined) as unknown as Respond

function listen(app: bolt.App, context: Context): void {
	app.command('/plumb', async ({ command, ack, respond = silent }) => {
		const person = { team: command.team_id, user: command.user_id }
		const work = answerCommand(context, person, command.text ?? '')
		const soon = await within(answerWithinMs, work)
		await ack(soon && (toOne(soon.message) as Parameters<typeof ack>[0]))
		const reply = await work
		if (soon === undefined) await respond(toOne(reply.message) as Said)
		await follow(context, respond, reply)
	})
	app.action(/^(incident|why)_/, async ({ action, body, ack, respond = silent }) => {
		const { action_id: id, value = '' } = action as { action_id: string; value?: string }
		const person = { team: body.team?.id ?? '', user: body.user.id }
		if (opensModal(id)) {
			// A trigger lives three seconds: what it opens is filled in afterwards.
			const opened = openModal(context, (body as { trigger_id?: string }).trigger_id, value)
			await ack()
			const view = await answerOpening(context, person, id, value)
			return showIn(context, await opened, view)
		}
		// What a press changes is stored before it is acknowledged: a crash in between loses nothing that counts as taken.
		const reply = await answerButton(context, person, id, value)
		await ack()
		await respond({ replace_original: false, ...toOne(reply.message) } as Said)
		await follow(context, respond, reply)
	})
	app.view(/^why_/, async ({ view, body, ack }) => {
		const person = { team: body.team?.id ?? '', user: body.user.id }
		const { callback_id: id, private_metadata: value, state } = view
		const work = answerSubmission(context, person, id, value, typedIn(state.values as Fields))
		const soon = await within(answerWithinMs, work)
		if (soon && 'errors' in soon) return ack({ response_action: 'errors', errors: soon.errors })
		await ack({ response_action: 'update', view: (soon?.view ?? loadingView(value)) as unknown as ModalView })
		if (soon !== undefined) return
		const late = await work
		await showIn(
			context,
			view.id,
			'view' in late ? late.view : sayingView(value, Object.values(late.errors).join(' ')),
		)
	})
}

type ModalView = Extract<Parameters<bolt.AckFn<bolt.ViewResponseAction>>[0], { view?: unknown }>['view']
type Field = { value?: string | null; selected_option?: { value: string } | null }
type Fields = Record<string, Record<string, Field>>

/** What stands in the fields, by action id; an empty field is an empty text. */
function typedIn(blocks: Fields): Record<string, string> {
	const typed: Record<string, string> = Object.create(null)
	for (const fields of Object.values(blocks))
		for (const [id, field] of Object.entries(fields))
			typed[id] = field.value ?? field.selected_option?.value ?? ''
	return typed
}

/** Opens a modal that says that the answer is coming; undefined when Slack would not. */
async function openModal(
	context: Context,
	trigger: string | undefined,
	value: string,
): Promise<string | undefined> {
	const answer = await context.slack?.call('views.open', { trigger_id: trigger, view: loadingView(value) })
	if (answer?.ok) return (answer.value.view as { id?: string } | undefined)?.id
	context.logger.warn('a modal could not be opened', { error: answer?.error.message })
	return undefined
}

async function showIn(context: Context, id: string | undefined, view: View): Promise<void> {
	if (id === undefined) return
	const answer = await context.slack?.call('views.update', { view_id: id, view })
	if (answer && !answer.ok)
		context.logger.warn('a modal could not be updated', { error: answer.error.message })
}

// Slack takes a while to look through a file, and refuses messages with it until then. A response URL may be used five times.
const followAfterMs = [500, secondMs, 3 * secondMs]

/** What comes behind an answer, once Slack takes it. The answer alone says all, so nothing is said when it fails. */
async function follow(context: Context, respond: Respond, { later }: Reply): Promise<void> {
	if (!later) return
	try {
		const message = await later()
		if (message) await respondUntilTaken(respond, { replace_original: false, ...toOne(message) } as Said)
	} catch (error) {
		context.logger.warn('a picture could not follow an answer', { error: peerText(error) })
	}
}

async function respondUntilTaken(respond: Respond, message: Said): Promise<void> {
	let refused: unknown
	for (const ms of followAfterMs) {
		await new Promise((resolve) => setTimeout(resolve, ms))
		try {
			await respond(message)
			return
		} catch (error) {
			refused = error
		}
	}
	throw refused
}
