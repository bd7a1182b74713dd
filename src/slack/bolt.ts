import * as bolt from '@slack/bolt'
import type { Context } from '../context.ts'
import { answerButton, answerCommand } from './answer.ts'
import type { Delivery } from './receiver.ts'

export type BoltOptions = { botToken: string; appToken?: string | undefined; apiUrl?: string | undefined }

/** Bolt with our listeners; `process` takes what our receiver has checked. Bolt only carries: what is said is decided in `answer.ts`. */
export function boltApp(context: Context, options: BoltOptions) {
	const receiver: bolt.Receiver = { init() {}, start: async () => undefined, stop: async () => undefined }
	const app = new bolt.App({
		// Authorisation is by the configured token: no call to Slack is needed before the first answer.
		authorize: async () => ({ botToken: options.botToken, botId: 'plumbline', botUserId: 'plumbline' }),
		receiver: options.appToken === undefined ? receiver : socketReceiver(options.appToken),
		ignoreSelf: false,
		clientOptions: {
			retryConfig: { retries: 1 },
			timeout: 10_000,
			...(options.apiUrl ? { slackApiUrl: options.apiUrl } : {}),
		},
	})
	listen(app, context)
	return {
		process: (delivery: Delivery) => app.processEvent(delivery),
		start: async () => void (await app.start()),
		stop: async () => void (await app.stop()),
	}
}

const socketReceiver = (appToken: string) => new bolt.SocketModeReceiver({ appToken })

function listen(app: bolt.App, context: Context): void {
	app.command('/plumb', async ({ command, ack }) => {
		const answer = await answerCommand(
			context,
			{ team: command.team_id, user: command.user_id },
			command.text ?? '',
		)
		await ack({ response_type: 'ephemeral', ...answer } as Parameters<typeof ack>[0])
	})
	app.action(/^incident_/, async ({ action, body, ack, respond }) => {
		await ack()
		const { action_id, value } = action as { action_id: string; value?: string }
		const person = { team: body.team?.id ?? '', user: body.user.id }
		const answer = await answerButton(context, person, action_id, value ?? '')
		await respond({ response_type: 'ephemeral', replace_original: false, ...answer } as Parameters<
			typeof respond
		>[0])
	})
}
