import type { Context } from '../context.ts'
import { boltApp } from './bolt.ts'
import { slackReceiver } from './receiver.ts'
import { slackClient } from './web-api.ts'

export type SlackConfig = {
	SLACK_BOT_TOKEN?: string | undefined
	SLACK_SIGNING_SECRET?: string | undefined
	SLACK_APP_TOKEN?: string | undefined
	SLACK_API_URL?: string | undefined
	SLACK_CHANNEL?: string | undefined
}

export type Slack = {
	/** Absent without a signing secret: the workspace then uses Socket Mode. */
	handle?: (request: Request) => Promise<Response>
	/** Socket Mode: only with an app-level token. */
	start?: () => Promise<void>
	stop?: () => Promise<void>
}

/** Adds the Slack client to the context if there is a token. */
export function connectSlack(context: Context, config: SlackConfig): void {
	const { SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl, SLACK_CHANNEL: channel = '' } = config
	if (token !== undefined) context.slack = slackClient(context, { token, channel, apiUrl })
}

/** Connects Slack and adds its client to the context; undefined without a bot token. */
export async function openSlack(context: Context, config: SlackConfig): Promise<Slack | undefined> {
	const {
		SLACK_BOT_TOKEN: botToken,
		SLACK_SIGNING_SECRET: secret,
		SLACK_APP_TOKEN: appToken,
		SLACK_API_URL: apiUrl,
	} = config
	if (botToken === undefined) return undefined
	connectSlack(context, config)
	const app = boltApp(context, { botToken, appToken, apiUrl })
	const handle = secret === undefined ? {} : { handle: slackReceiver(context, secret, app.process, apiUrl) }
	return { ...handle, ...app.socket }
}
