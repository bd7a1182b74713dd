import type { Context } from '../../context.ts'
import { dayMs, minuteMs, secondMs } from '../../core/time.ts'
import { commit } from '../commit.ts'
import type { SqlValue } from '../sql.ts'
import { type Claim, deliverer, rateLimited } from './claim.ts'

/** An incident of yesterday is no news; what a catalogue has not been told is missing there for ever. */
const maxAttempts = { incident: 12, lineage: 3000, 'training-run': 12 } as const
const longestPauseMs = 15 * minuteMs
const keepMs = 30 * dayMs

/** Changes what a claim holds and gives it back. Nothing happens when the claim was lost to another delivery. */
async function settle(context: Context, { token }: Claim, set: string, params: SqlValue[]): Promise<void> {
	const sql = `UPDATE outbox SET ${set}, claim = NULL, claimed_until = 0 WHERE claim = ?`
	await commit(context, deliverer, [], [{ query: { sql, params: [...params, token] } }])
}

/** `note`: why it was not delivered although there is nothing more to do. */
export const complete = (context: Context, claim: Claim, note: string | null = null): Promise<void> =>
	settle(context, claim, 'done_at = ?, error = ?', [context.now(), note])

/** Gives messages back to be delivered again from `afterMs` on. That was no failure, and no attempt. */
export const reschedule = (context: Context, claim: Claim, afterMs: number): Promise<void> =>
	settle(context, claim, 'attempts = attempts - 1, not_before = ?, error = ?', [
		context.now() + afterMs,
		afterMs > 0 ? rateLimited : null,
	])

/** Puts messages off, twice as long each time. Gives up in the end, or at once when no other can help. */
export async function markFailed(
	context: Context,
	claim: Claim,
	error: { message: string; retryable: boolean },
): Promise<void> {
	const now = context.now()
	const { message, retryable } = error
	const { attempts } = claim
	const pause = Math.min(longestPauseMs, 5 * secondMs * 2 ** Math.min(attempts - 1, 20))
	const givenUp = !retryable || attempts >= maxAttempts[claim.kind]
	await settle(context, claim, 'error = ?, not_before = ?, done_at = ?', [
		message,
		now + pause,
		givenUp ? now : null,
	])
	const fields = { kind: claim.kind, ...claim.payload, attempts, error: message }
	if (givenUp) context.logger.error('a message was given up', fields)
	else context.logger.warn('a message could not be delivered yet', fields)
}

/** Forgets what was delivered more than a month ago. An open incident may still have to be told. */
export async function pruneOutbox(context: Context): Promise<void> {
	const sql = `DELETE FROM outbox WHERE done_at IS NOT NULL AND done_at < ?
		AND (kind <> 'incident' OR payload ->> 'incidentId' NOT IN (SELECT id FROM incident WHERE status <> 'resolved'))`
	await commit(context, deliverer, [], [{ query: { sql, params: [context.now() - keepMs] } }])
}
