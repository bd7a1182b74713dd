import * as bolt from '@slack/bolt'
import type { Context, Logger } from '../context.ts'
import { secondMs } from '../core/time.ts'
import { answerButton, answerCommand } from './answer.ts'
import type { SlackMessage } from './blocks/text.ts'
import type { Delivery } from './receiver.ts'
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
const withoutTokens = (parts: unknown[]) =>
	parts
		.map(String)
		.join(' ')
		.replace(/\bx(ox[a-z]|app)-[\w-]+/g, 'x…')

function boltLogger(logger: Logger): bolt.Logger {
	return {
		debug() {},
		info() {},
		warn: (...parts) => logger.warn(`Slack: ${withoutTokens(parts)}`),
		error: (...parts) => logger.error(`Slack: ${withoutTokens(parts)}`),
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

function listen(app: bolt.App, context: Context): void {
	app.command('/plumb', async ({ command, ack, respond }) => {
		const person = { team: command.team_id, user: command.user_id }
		const work = answerCommand(context, person, command.text ?? '').then(toOne)
		const soon = await within(answerWithinMs, work)
		await ack(soon as Parameters<typeof ack>[0])
		if (soon === undefined) await respond((await work) as Parameters<typeof respond>[0])
	})
	app.action(/^incident_/, async ({ action, body, ack, respond }) => {
		const { action_id, value } = action as { action_id: string; value?: string }
		const person = { team: body.team?.id ?? '', user: body.user.id }
		// What a press changes is stored before it is acknowledged: a crash in between loses nothing that counts as taken.
		const message = await answerButton(context, person, action_id, value ?? '')
		await ack()
		await respond({ replace_original: false, ...toOne(message) } as Parameters<typeof respond>[0])
	})
}
