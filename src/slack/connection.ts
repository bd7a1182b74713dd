import type { Context } from '../context.ts'
import { minuteMs } from '../core/time.ts'
import type { SlackClient } from '../ports/slack-client.ts'

/** For so long after its last delivery a process that has Slack counts as one that delivers. */
const aliveMs = 10 * minuteMs

/** What Slack answers when no call can succeed until somebody changes the settings. */
const tokenFaults = new Set([
	'invalid_auth',
	'not_authed',
	'account_inactive',
	'token_revoked',
	'token_expired',
])
export const isTokenFault = (message: string): boolean => tokenFaults.has(message)

/**
 * Says that this process has Slack. After a pause, or with another channel, it also makes due again what was told to no one
 * meanwhile.
 */
export async function noteSlack(context: Context, channel: string): Promise<void> {
	const now = context.now()
	const known = await readNote(context)
	await context.sql.batch([
		...(known === channel ? [] : [{ sql: untold, params: [now] }]),
		{
			sql: `INSERT INTO service_state (name, value, at) VALUES ('slack', ?1, ?2)
				ON CONFLICT (name) DO UPDATE SET value = ?1, at = ?2`,
			params: [channel, now],
		},
	])
}

/** Whether this process has no Slack and another one has, which incidents are to be left to. */
export async function leavesIncidents(context: Context): Promise<boolean> {
	return context.slack === undefined && (await readNote(context)) !== undefined
}

/** The channel of a process that has Slack and delivered lately. */
async function readNote(context: Context): Promise<string | undefined> {
	const [row] = await context.sql.values({
		sql: "SELECT value FROM service_state WHERE name = 'slack' AND at > ?",
		params: [context.now() - aliveMs],
	})
	return row?.[0] as string | undefined
}

// Open incidents that have no message, and messages whose later changes did not reach Slack.
const untold = `UPDATE outbox SET done_at = NULL, error = NULL, attempts = 0, not_before = ?1
	WHERE kind = 'incident' AND done_at IS NOT NULL AND (
		payload ->> 'incidentId' IN (SELECT id FROM incident i WHERE status <> 'resolved' AND NOT EXISTS
			(SELECT 1 FROM slack_message m WHERE m.incident = i.id AND m.ts IS NOT NULL))
		OR (error IS NOT NULL AND payload ->> 'incidentId' IN (SELECT incident FROM slack_message WHERE ts IS NOT NULL)))`

/** Asks Slack whether it takes our token, and says in one line of the log when it does not. */
export async function checkSlack(context: Context, slack: SlackClient): Promise<void> {
	const answer = await slack.call('auth.test', {})
	if (answer.ok) return
	const { message } = answer.error
	context.logger.error(
		isTokenFault(message)
			? `Slack refuses SLACK_BOT_TOKEN: ${message}. Incidents wait until it is a valid one; everything else works.`
			: `Slack cannot be reached: ${message}. Incidents wait until it can; everything else works.`,
	)
}
