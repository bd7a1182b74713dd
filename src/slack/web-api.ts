import type { SlackBody, SlackClient } from '../services/slack/slack-client.ts'
import { incidentMessage, timelineText } from './blocks/incident.ts'

const timeoutMs = 10_000
// What no second attempt can mend.
const final = new Set([
	'invalid_auth',
	'not_authed',
	'account_inactive',
	'token_revoked',
	'channel_not_found',
	'is_archived',
	'invalid_blocks',
	'not_in_channel',
	'message_not_found',
	'missing_scope',
])

/** Slack's Web API over `fetch`, so that it runs alike on Node and on workers. Never throws. */
export function slackClient(
	fetcher: typeof fetch,
	options: { token: string; channel: string; apiUrl?: string | undefined; publicUrl: () => string },
): SlackClient {
	const base = options.apiUrl ?? 'https://slack.com/api/'
	const call: SlackClient['call'] = async (method, body) => {
		try {
			const response = await fetcher(`${base}${method}`, {
				method: 'POST',
				headers: {
					authorization: `Bearer ${options.token}`,
					'content-type': 'application/json; charset=utf-8',
				},
				body: JSON.stringify(body),
				signal: AbortSignal.timeout(timeoutMs),
			})
			if (response.status === 429) {
				const retryAfterMs = Math.max(1, Number(response.headers.get('retry-after')) || 1) * 1000
				return { ok: false, error: { message: 'rate limited by Slack', retryable: true, retryAfterMs } }
			}
			if (!response.ok)
				return { ok: false, error: { message: `Slack answered ${response.status}`, retryable: true } }
			const answer = (await response.json()) as SlackBody
			if (answer.ok) return { ok: true, value: answer }
			const error = answer.error ?? 'unknown_error'
			return { ok: false, error: { message: error, retryable: !final.has(error) } }
		} catch (error) {
			return { ok: false, error: { message: String(error), retryable: true } }
		}
	}
	return {
		call,
		channel: options.channel,
		show: (incident) => ({
			message: incidentMessage(incident, options.publicUrl()),
			replies: incident.timeline.map(timelineText),
		}),
	}
}
