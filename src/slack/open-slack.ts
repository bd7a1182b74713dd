import type { Context } from '../context.ts'
import type { TokenKeys } from '../ports/slack-client.ts'
import { boltApp } from './bolt.ts'
import { resumeEvents, slackReceiver } from './receiver.ts'
import { slackApiUrl, slackClient } from './web-api.ts'

export type SlackConfig = {
	SLACK_BOT_TOKEN?: string | undefined
	SLACK_SIGNING_SECRET?: string | undefined
	SLACK_APP_TOKEN?: string | undefined
	SLACK_API_URL?: string | undefined
	SLACK_CHANNEL?: string | undefined
	SLACK_CHARTS?: 'picture' | 'native' | undefined
	SLACK_CLIENT_ID?: string | undefined
	SLACK_CLIENT_SECRET?: string | undefined
}

export type Slack = {
	/** Absent without a signing secret: the workspace then uses Socket Mode. */
	handle?: (request: Request) => Promise<Response>
	/** Handles events that were accepted, and then failed or were lost. Absent where `handle` is. */
	resume?: () => Promise<void>
	/** Socket Mode: only with an app-level token. */
	start?: () => Promise<void>
	stop?: () => Promise<void>
}

/**
 * Adds the Slack client to the context if there is a token, and what other workspaces need to install the app. `keys`: for
 * their tokens.
 */
export function connectSlack(context: Context, config: SlackConfig, keys: TokenKeys = []): void {
	const { SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl, SLACK_CHANNEL: channel = '' } = config
	if (token === undefined) return
	const drawsCharts = config.SLACK_CHARTS === 'native'
	// Kept where it is there already, with what it has read.
	context.slack ??= slackClient(context, { token, channel, apiUrl, keys, drawsCharts })
	const { SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = config
	if (clientId !== undefined && clientSecret !== undefined)
		context.slackApp = { clientId, clientSecret, apiUrl: slackApiUrl(apiUrl), keys }
}

/** Connects Slack and adds its client to the context; undefined without a bot token. */
export async function openSlack(
	context: Context,
	config: SlackConfig,
	keys: TokenKeys = [],
): Promise<Slack | undefined> {
	const {
		SLACK_BOT_TOKEN: botToken,
		SLACK_SIGNING_SECRET: secret,
		SLACK_APP_TOKEN: appToken,
		SLACK_API_URL: apiUrl,
	} = config
	if (botToken === undefined) return undefined
	connectSlack(context, config, keys)
	const app = boltApp(context, { botToken, appToken, apiUrl })
	if (secret === undefined) return { ...app.socket }
	const handle = slackReceiver(context, secret, app.process, apiUrl)
	return { handle, resume: () => resumeEvents(context, app.process), ...app.socket }
}
