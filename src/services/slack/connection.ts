import type { Context } from '../../context.ts'
import { minuteMs } from '../../core/time.ts'

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
 * Whether this process is to leave incidents to another one, which has Slack while this one has not. One that has Slack
 * notes it here; after a pause, or with another channel, it also makes due again what was told to no one meanwhile.
 */
export async function leavesIncidents(context: Context): Promise<boolean> {
	const now = context.now()
	const [row] = (await context.sql.all({
		sql: "SELECT value, at FROM service_state WHERE name = 'slack'",
	})) as unknown as [string, number][]
	const isAlive = row !== undefined && row[1] > now - aliveMs
	const { slack } = context
	if (!slack) return isAlive
	await context.sql.batch([
		...(isAlive && row[0] === slack.channel ? [] : [{ sql: untold, params: [now] }]),
		{
			sql: `INSERT INTO service_state (name, value, at) VALUES ('slack', ?1, ?2)
				ON CONFLICT (name) DO UPDATE SET value = ?1, at = ?2`,
			params: [slack.channel, now],
		},
	])
	return false
}

// Open incidents that have no message, and messages whose later changes did not reach Slack.
const untold = `UPDATE outbox SET done_at = NULL, error = NULL, attempts = 0, not_before = ?1
	WHERE kind = 'incident' AND done_at IS NOT NULL AND (
		payload ->> 'incidentId' IN (SELECT id FROM incident i WHERE status <> 'resolved' AND NOT EXISTS
			(SELECT 1 FROM slack_message m WHERE m.incident = i.id AND m.ts IS NOT NULL))
		OR (error IS NOT NULL AND payload ->> 'incidentId' IN (SELECT incident FROM slack_message WHERE ts IS NOT NULL)))`

/** Asks Slack whether it takes our token, and says in one line of the log when it does not. */
export async function checkSlack(context: Context): Promise<void> {
	const answer = await context.slack?.call('auth.test', {})
	if (!answer || answer.ok) return
	const { message } = answer.error
	context.logger.error(
		isTokenFault(message)
			? `Slack refuses SLACK_BOT_TOKEN: ${message}. Incidents wait until it is a valid one; everything else works.`
			: `Slack cannot be reached: ${message}. Incidents wait until it can; everything else works.`,
	)
}
