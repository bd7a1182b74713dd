import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { dayMs, minuteMs, secondMs } from '../core/time.ts'
import type { LineageEventType } from '../ports/lineage.ts'
import { type Change, commit } from './commit.ts'
import type { SqlValue } from './sql.ts'

/** Which fact a lineage catalogue is told of: read again when it is sent, since what is told never changes. */
export type FactReference = { type: LineageEventType; model: string } & (
	| { fact: 'version'; version: string }
	| { fact: 'deployment'; environment: string; revision: number }
	| { fact: 'baseline'; version: string; digest: string }
)

/** What is to be done outside: an incident told, a fact sent, a training run read. */
export type Errand =
	| { kind: 'incident'; payload: { incidentId: string; channel?: string } }
	| { kind: 'lineage'; payload: FactReference }
	| { kind: 'training-run'; payload: { model: string; version: string } }

export type OutboxMessage = Errand & {
	key: string
	/** The key of a message that has to be done, or given up, before this one is due. */
	after?: string
}

/** Goes into the commit of what the message tells: both happen or neither. The same key again changes nothing. */
export const outboxInsert = (now: number, { key, kind, payload, after }: OutboxMessage): Change => ({
	query: {
		sql: `INSERT OR IGNORE INTO outbox (key, kind, payload, created_at, not_before, attempts, after)
			VALUES (?, ?, ?, ?, ?, 0, ?)`,
		params: [key, kind, JSON.stringify(payload), now, now, after ?? null],
	},
})

/** Open messages that tell the same thing, such as the revisions of one incident: one delivery serves them all. */
export type DueMessages = Errand & { ids: number[]; attempts: number }

/** What one delivery holds. `token` is the fence: who has lost it changes nothing any more. */
export type Claim = DueMessages & { token: string }

const claimMs = 5 * minuteMs
const atOnce = 500
export const rateLimited = 'rate limited'
export const deliverer = { id: 'job:deliver', how: 'job' } as const

// A message waits with the others of its kind: a new revision does not jump a pause that the one before was told to keep.
const dueSql = `SELECT id, kind, payload, attempts FROM outbox o
	WHERE done_at IS NULL AND not_before <= ?1 AND claimed_until <= ?1 AND NOT EXISTS (
		SELECT 1 FROM outbox h WHERE h.done_at IS NULL AND h.payload = o.payload
			AND (h.not_before > ?1 OR h.claimed_until > ?1))
		AND NOT EXISTS (SELECT 1 FROM outbox w WHERE w.key = o.after AND w.done_at IS NULL)
	AND kind NOT IN (SELECT value FROM json_each(?2)) ORDER BY kind <> 'incident', id LIMIT ${atOnce}`

/** Where messages go: a channel of Slack, or a peer. What one of them asks for holds up no other. */
export const destinationOf = ({ kind, payload }: Errand): string =>
	kind === 'incident' ? `incident ${payload.channel ?? ''}` : kind

/**
 * What is due, incidents first and each kind oldest first, without the destinations that asked to be left alone for
 * now, and without the kinds of `away`: however many wait for a peer that is gone, they hide nothing.
 */
export async function dueMessages(
	context: Context,
	away: ReadonlySet<Errand['kind']> = new Set(),
): Promise<DueMessages[]> {
	const now = context.now()
	const limited = await context.sql.values({
		sql: 'SELECT DISTINCT kind, payload FROM outbox WHERE done_at IS NULL AND not_before > ? AND error = ?',
		params: [now, rateLimited],
	})
	const held = new Set(limited.map(([kind, payload]) => destinationOf(toErrand(kind, payload))))
	const groups = new Map<string, DueMessages>()
	for (const row of await context.sql.values({ sql: dueSql, params: [now, JSON.stringify([...away])] })) {
		const [id, kind, text, attempts] = row as [number, string, string, number]
		const errand = toErrand(kind, text)
		if (held.has(destinationOf(errand))) continue
		const group: DueMessages = groups.get(text) ?? { ...errand, ids: [], attempts: 0 }
		group.ids.push(id)
		group.attempts = Math.max(group.attempts, attempts)
		groups.set(text, group)
	}
	return [...groups.values()]
}

const toErrand = (kind: unknown, payload: unknown) =>
	({ kind, payload: JSON.parse(payload as string) }) as Errand

/** Takes messages for one delivery; undefined when another one was quicker. The attempt counts from here, so that a crash counts too. */
export async function claimMessages(context: Context, due: DueMessages): Promise<Claim | undefined> {
	const now = context.now()
	const token = newId('clm', now, context.random)
	const sql = `UPDATE outbox SET claim = ?1, claimed_until = ?2, attempts = attempts + 1
		WHERE id IN (SELECT value FROM json_each(?3)) AND done_at IS NULL AND NOT EXISTS (
			SELECT 1 FROM outbox h WHERE h.done_at IS NULL AND h.payload = outbox.payload AND h.claimed_until > ?4)`
	const query = { sql, params: [token, now + claimMs, JSON.stringify(due.ids), now] }
	try {
		await commit(context, deliverer, [], [{ query, guarded: true }])
	} catch (error) {
		if (error instanceof AppError && error.code === 'conflict') return undefined
		throw error
	}
	return { ...due, attempts: due.attempts + 1, token }
}

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
