import { z } from 'zod'

// The parts of Slack's payloads that are read here. https://docs.slack.dev/interactivity/handling-user-interaction

const id = z.string().min(1).max(256)
const person = z.looseObject({ id })
const workspace = z.looseObject({ id }).nullish()
/** Slack's id of a message. */
const timestamp = z.string().max(64)
const responseUrl = z.string().max(2048)
const interaction = {
	user: person,
	team: workspace,
	trigger_id: z.string().nullish(),
	response_url: responseUrl.optional(),
	response_urls: z.array(z.looseObject({ response_url: responseUrl })).optional(),
	channel: z.looseObject({ id }).nullish(),
}
const action = z.looseObject({
	type: z.string(),
	action_id: id,
	block_id: z.string().optional(),
	value: z.string().optional(),
	selected_option: z.looseObject({ value: z.string() }).nullish(),
})
const field = z.looseObject({
	value: z.string().nullish(),
	selected_option: z.looseObject({ value: z.string() }).nullish(),
	selected_options: z.array(z.looseObject({ value: z.string() })).nullish(),
})
const view = z.looseObject({
	id,
	callback_id: z.string(),
	private_metadata: z.string().optional(),
	state: z.looseObject({ values: z.record(z.string(), z.record(z.string(), field)) }).optional(),
})
const submitted = view.required({ private_metadata: true, state: true })

const command = z.looseObject({
	command: z.string().regex(/^\/./),
	team_id: id,
	user_id: id,
	text: z.string().optional(),
	response_url: responseUrl.optional(),
})

const payload = z.discriminatedUnion('type', [
	z.looseObject({ type: z.literal('block_actions'), ...interaction, actions: z.array(action).min(1) }),
	z.looseObject({ type: z.literal('block_suggestion'), ...interaction, action_id: id }),
	z.looseObject({ type: z.literal('view_submission'), ...interaction, view: submitted }),
	z.looseObject({ type: z.literal('view_closed'), ...interaction, view }),
	z.looseObject({ type: z.literal('shortcut'), ...interaction, callback_id: id }),
	z.looseObject({
		type: z.literal('message_action'),
		...interaction,
		callback_id: id,
		message: z.looseObject({
			text: z.string().nullish(),
			ts: timestamp.optional(),
			thread_ts: timestamp.optional(),
		}),
	}),
	z.looseObject({
		type: z.literal('event_callback'),
		team_id: id.optional(),
		event_id: id,
		event: z.looseObject({
			type: z.string(),
			// The whole member in `user_change`.
			user: z.union([z.string(), person]).optional(),
			text: z.string().nullish(),
			channel: z.string().optional(),
			ts: timestamp.optional(),
			thread_ts: timestamp.optional(),
		}),
	}),
	z.looseObject({ type: z.literal('url_verification'), challenge: z.string().max(1024) }),
	z.looseObject({ type: z.literal('app_rate_limited') }),
])

/** Slack itself, and Slack for governments. */
const slackHost = /^([a-z0-9-]+\.)*slack(-gov)?\.com$/

/** Whether replies may be sent to a URL: only to Slack, or to `SLACK_API_URL`. */
function isReplyUrl(text: string, apiUrl: string | undefined): boolean {
	if (!URL.canParse(text)) return false
	const url = new URL(text)
	if (url.username !== '' || url.password !== '') return false
	if (apiUrl !== undefined && url.origin === new URL(apiUrl).origin) return true
	return url.protocol === 'https:' && url.port === '' && slackHost.test(url.hostname)
}

/** What is wrong with a payload, for whoever sent it; undefined if it is valid. */
export function payloadFault(
	body: Readonly<Record<string, unknown>>,
	apiUrl: string | undefined,
): string | undefined {
	const result = (body.command === undefined ? payload : command).safeParse(body)
	if (!result.success) {
		const [issue] = result.error.issues
		const path = issue?.path.join('.').slice(0, 100) ?? ''
		return `This is not a payload of Slack: ${path === '' ? '' : `${path}: `}${issue?.message}`
	}
	const { response_url: url, response_urls: more = [] } = body as {
		response_url?: string
		response_urls?: { response_url: string }[]
	}
	const urls = [...(url === undefined ? [] : [url]), ...more.map((m) => m.response_url)]
	return urls.every((u) => isReplyUrl(u, apiUrl)) ? undefined : 'A response_url does not point to Slack.'
}
