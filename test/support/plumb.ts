import type { Context } from '../../src/context.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import type { Block } from '../../src/slack/blocks/text.ts'
import { openSlack, type Slack } from '../../src/slack/open-slack.ts'
import { admin } from './actors.ts'
import { checkMessage } from './block-kit.ts'
import { startOfTest } from './context.ts'
import { type Json, testServer } from './server.ts'
import { handledBy, signingSecret, slackRequest } from './slack-request.ts'

type Message = { text: string; blocks: Block[] }
type Told = Message & { shown: string }

/** A server that answers `/plumb` over signed HTTP; U1 is an analyst of all models. What it answers keeps Slack's limits. */
export async function plumbServer(options: Partial<Context> = {}) {
	let slack: Slack | undefined
	let moment = 0
	const server = await testServer({ slack: handledBy(() => slack) }, options)
	slack = await openSlack(server.context, {
		SLACK_BOT_TOKEN: 'xoxb-test',
		SLACK_SIGNING_SECRET: signingSecret,
		SLACK_CHANNEL: '#ml',
	})
	await mapSlackUser(server.context, admin, { team: 'T1', user: 'U1', role: 'analyst', models: ['*'] })
	/** The whole message as one text: what it says in its blocks, line by line. */
	const plumb = async (text: string, user = 'U1'): Promise<Told> => {
		const body = { command: '/plumb', text, team_id: 'T1', user_id: user, channel_id: 'C1', trigger_id: 't' }
		const response_url = 'https://hooks.slack.com/actions/1'
		const now = server.context.now() - (++moment % 200) * 1000
		const response = await fetch(
			slackRequest(`${server.url}/slack/events`, { ...body, response_url }, now || startOfTest),
		)
		const message = (await response.json()) as Message & { response_type: string }
		if (message.response_type !== 'ephemeral') throw new Error('not for the person alone')
		const faults = checkMessage({ text: message.text, blocks: message.blocks })
		if (faults.length > 0) throw new Error(faults.join('; '))
		return { ...message, shown: message.blocks.map(textOf).join('\n') }
	}
	/** The press of a button, or a modal that was filled in; answers what is said at once. */
	const interact = async (payload: object, user = 'U1'): Promise<{ status: number; body: Json }> => {
		const common = {
			team: { id: 'T1' },
			user: { id: user },
			response_url: 'https://hooks.slack.com/actions/2',
		}
		const form = { payload: JSON.stringify({ ...common, ...payload }) }
		const now = server.context.now() - (++moment % 200) * 1000
		const response = await fetch(slackRequest(`${server.url}/slack/events`, form, now || startOfTest))
		const text = await response.text()
		return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : undefined }
	}
	return { ...server, plumb, interact }
}

export type PlumbServer = Awaited<ReturnType<typeof plumbServer>>

const textOf = (block: Block): string => {
	const { text, elements } = block as { text?: { text: string }; elements?: { text: string }[] }
	return text?.text ?? (elements ?? []).map((e) => e.text).join(' ')
}
