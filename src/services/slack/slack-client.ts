import type { Result } from '../../core/result.ts'
import type { Incident } from '../incident/incident.ts'

export type SlackBody = Record<string, unknown> & { ok: boolean; error?: string; ts?: string }

/** How jobs reach Slack: its Web API, the channel to post to, and how an incident is shown there. */
export type SlackClient = {
	call(method: string, body: Record<string, unknown>): Promise<Result<SlackBody>>
	channel: string
	show(incident: Incident): {
		message: { text: string; blocks: readonly unknown[] }
		replies: readonly string[]
	}
}
