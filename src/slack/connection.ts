import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { minuteMs } from '../core/time.ts'
import type { SlackCall, SlackClient } from '../ports/slack-client.ts'
import { clientOf, type Workspace } from './teams.ts'

/** A process with Slack counts as delivering for this long after its last delivery. */
const aliveMs = 10 * minuteMs

/** Errors of Slack that persist until somebody changes the settings. */
const tokenFaults = new Set([
	'invalid_auth',
	'not_authed',
	'account_inactive',
	'token_revoked',
	'token_expired',
])
export const isTokenFault = (message: string): boolean => tokenFaults.has(message)

/**
 * Records that this process delivers to Slack. After a pause, or with a new channel, incidents and requests without a message
 * become due again.
 */
export async function noteSlack(context: Context, channel: string): Promise<void> {
	const now = context.now()
	const known = await readNote(context)
	await context.sql.batch([
		...(known === channel ? [] : [{ sql: makeDueAgain, params: [now] }]),
		{
			sql: `INSERT INTO service_state (name, value, at) VALUES ('slack', ?1, ?2)
				ON CONFLICT (name) DO UPDATE SET value = ?1, at = ?2`,
			params: [channel, now],
		},
	])
}

/** Whether another process has Slack and this one does not, so that it leaves messages to people to the other. */
export async function leavesMessages(context: Context): Promise<boolean> {
	return context.slack === undefined && (await readNote(context)) !== undefined
}

/** The channel of a process that has delivered to Slack recently. */
async function readNote(context: Context): Promise<string | undefined> {
	const [row] = await context.sql.all<{ value: string }>({
		sql: "SELECT value FROM service_state WHERE name = 'slack' AND at > ?",
		params: [context.now() - aliveMs],
	})
	return row?.value
}

// What is open without a message, and messages whose later changes did not reach Slack.
const makeDueAgain = `UPDATE outbox SET done_at = NULL, error = NULL, attempts = 0, not_before = ?1
	WHERE kind IN ('incident', 'request') AND done_at IS NOT NULL AND (
		coalesce(payload ->> 'incidentId', payload ->> 'requestId') IN (
			SELECT id FROM (
				SELECT id FROM incident WHERE status <> 'resolved' UNION ALL SELECT id FROM request WHERE status = 'pending'
			) o WHERE NOT EXISTS (SELECT 1 FROM slack_message m WHERE m.incident = o.id AND m.ts IS NOT NULL))
		OR (error IS NOT NULL AND coalesce(payload ->> 'incidentId', payload ->> 'requestId') IN (
			SELECT incident FROM slack_message WHERE ts IS NOT NULL)))`

/** Logs an error if Slack does not accept the token. */
export async function checkSlack(context: Context, slack: SlackClient): Promise<void> {
	const answer = await slack.read('auth.test', {}, 0)
	if (answer.ok) return
	const { message } = answer.error
	context.logger.error(
		isTokenFault(message)
			? `Slack refuses SLACK_BOT_TOKEN: ${message}. Messages wait until the token is valid; everything else works.`
			: `Slack cannot be reached: ${message}. Messages wait until it is reachable; everything else works.`,
	)
}

/** Calls with the token of a person's workspace. Throws without Slack. */
export async function callOf(context: Context, workspace: Workspace): Promise<SlackCall> {
	const { slack } = await clientOf(context, workspace)
	if (!slack) throw new AppError('unavailable', 'Slack is not connected.')
	return slack.call
}
