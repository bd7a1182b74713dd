import * as bolt from '@slack/bolt'
import type { Context, Logger } from '../context.ts'
import { peerText } from '../core/peer-text.ts'
import { sleep } from '../core/retry.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { within } from '../core/within.ts'
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

type BoltOptions = { botToken: string; appToken?: string | undefined; apiUrl?: string | undefined }

const timeoutMs = 10 * secondMs
const answerWithinMs = 2 * secondMs

/** Bolt with our listeners; `process` handles requests that the receiver has checked. `answer.ts` decides what to reply. */
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
	listen(app, context)
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

function listen(app: bolt.App, context: Context): void {
	app.command('/plumb', async ({ command, ack, respond = silent }) => {
		const person = { team: command.team_id, user: command.user_id }
		const work = answerCommand(context, person, command.text ?? '')
		const soon = await within(answerWithinMs, work)
		await ack(soon && (toOne(soon.message) as Parameters<typeof ack>[0]))
		const reply = await work
		if (soon === undefined) await respond(toOne(reply.message) as Response)
		await follow(context, respond, reply)
	})
	app.action(/^(incident|why|pick)_/, async ({ action, body, ack, respond = silent }) => {
		const { action_id: id, value = '' } = action as { action_id: string; value?: string }
		const person = { team: body.team?.id ?? '', user: body.user.id }
		if (opensModal(id)) {
			// A trigger expires after three seconds: the modal is opened first and filled in afterwards.
			const opened = openModal(context, (body as { trigger_id?: string }).trigger_id, value)
			await ack()
			const view = await answerOpening(context, person, id, value)
			return showIn(context, await opened, view)
		}
		// Changes are stored before they are acknowledged, so that a crash loses nothing.
		const reply = await answerButton(context, person, id, value)
		await ack()
		await respond({ replace_original: false, ...toOne(reply.message) } as Response)
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

/** The texts of the fields, by action id; an empty field is an empty text. */
function typedIn(blocks: Fields): Record<string, string> {
	const typed: Record<string, string> = Object.create(null)
	for (const fields of Object.values(blocks))
		for (const [id, field] of Object.entries(fields))
			typed[id] = field.value ?? field.selected_option?.value ?? ''
	return typed
}

/** Opens a modal that waits for its content; undefined if Slack refuses. */
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

// Slack refuses messages with a file until it has scanned the file. A response URL can be used five times.
const followAfterMs = [500, secondMs, 3 * secondMs]

/** Sends what follows a reply. The reply is complete without it, so a failure is only logged. */
async function follow(context: Context, respond: Respond, { later }: Reply): Promise<void> {
	if (!later) return
	try {
		const message = await later()
		if (message) await respondWithRetries(respond, { replace_original: false, ...toOne(message) } as Response)
	} catch (error) {
		context.logger.warn('a picture could not follow an answer', { error: peerText(error) })
	}
}

async function respondWithRetries(respond: Respond, message: Response): Promise<void> {
	let refused: unknown
	for (const ms of followAfterMs) {
		await sleep(ms)
		try {
			await respond(message)
			return
		} catch (error) {
			refused = error
		}
	}
	throw refused
}

/** A connection that can be lost. `connect` rejects if it fails. */
type Connection = {
	connect(): Promise<unknown>
	disconnect(): Promise<unknown>
	onDisconnected(then: () => void): void
}

/**
 * Connects, and reconnects, in the background: the service starts and runs also while Slack is unreachable. Waits one
 * second before the first retry, then twice as long each time, at most a minute.
 */
function stayConnected(connection: Connection, logger: Logger) {
	let failures = 0
	let stopped = false
	let timer: ReturnType<typeof setTimeout> | undefined
	const again = () => {
		if (stopped || timer !== undefined) return
		timer = setTimeout(connect, Math.min(minuteMs, secondMs * 2 ** failures++))
	}
	const connect = () => {
		timer = undefined
		connection.connect().then(
			() => {
				failures = 0
			},
			(error) => {
				logger.warn('Slack cannot be reached by Socket Mode; retrying', { error: String(error) })
				again()
			},
		)
	}
	connection.onDisconnected(again)
	return {
		start: async () => connect(),
		stop: async () => {
			stopped = true
			clearTimeout(timer)
			await connection.disconnect()
		},
	}
}
