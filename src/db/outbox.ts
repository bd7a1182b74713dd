import { and, eq, gt, isNull } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { getOrInsert } from '../core/maps.ts'
import { backoffMs } from '../core/retry.ts'
import { dayMs, minuteMs, secondMs } from '../core/time.ts'
import type { LineageEventType } from '../ports/lineage.ts'
import { type Change, commit } from './commit.ts'
import { outbox } from './schema.ts'
import type { SqlValue } from './sql.ts'

// A message is stored in the commit of what it is about. A delivery claims it, sends it, and then completes, reschedules
// or fails it. src/jobs/deliver.ts has the stages in order.

/** The fact that a lineage catalogue is sent. It never changes, so it is read when it is sent. */
export type FactReference = { type: LineageEventType; model: string } & (
	| { fact: 'version'; version: string }
	| { fact: 'deployment'; environment: string; revision: number }
	| { fact: 'baseline'; version: string; digest: string }
)

/** What to do: announce an incident or a request, send a fact, or read a training run. */
export type Message =
	| { kind: 'incident'; payload: { incidentId: string; channel?: string } }
	/** Without a channel: in that of its incident, otherwise in the default one. */
	| { kind: 'request'; payload: { requestId: string; channel?: string } }
	/** The checkpoint of the day. */
	| { kind: 'checkpoint'; payload: { size: number; channel?: string } }
	| { kind: 'lineage'; payload: FactReference }
	| { kind: 'training-run'; payload: { model: string; version: string } }

/** What Slack shows to people. */
export const kindsForPeople = ['incident', 'request', 'checkpoint'] as const
export type ForPeople = Extract<Message, { kind: (typeof kindsForPeople)[number] }>
/** Whether Slack shows the message to people. */
export const isForPeople = (message: Message): message is ForPeople =>
	kindsForPeople.some((kind) => kind === message.kind)

export type OutboxMessage = Message & {
	key: string
	/** The key of a message that must be done, or given up, before this one is due. */
	after?: string
}

/** Stores a message, in the commit of what it is about. The same key again changes nothing. */
export const outboxInsert = (now: number, { key, kind, payload, after }: OutboxMessage): Change => ({
	query: {
		sql: `INSERT OR IGNORE INTO outbox (key, kind, payload, created_at, not_before, attempts, after)
			VALUES (?, ?, ?, ?, ?, 0, ?)`,
		params: [key, kind, JSON.stringify(payload), now, now, after ?? null],
	},
})

/** Open messages with the same content, such as the revisions of one incident: one delivery serves them all. */
export type DueMessages = Message & { ids: number[]; attempts: number }

/** The messages that one delivery holds. `token` is its fence: without it, a delivery changes nothing. */
export type Claim = DueMessages & { token: string }

const claimMs = 5 * minuteMs
const maxDue = 500
const rateLimited = 'rate limited'
/** The actor of deliveries. */
export const deliverer = { id: 'job:deliver', how: 'job' } as const

// A message waits with the others of the same content: a new revision does not cut short the pause of an earlier one.
const dueSql = `SELECT id, kind, payload, attempts FROM outbox o
	WHERE done_at IS NULL AND not_before <= ?1 AND claimed_until <= ?1 AND NOT EXISTS (
		SELECT 1 FROM outbox h WHERE h.done_at IS NULL AND h.payload = o.payload
			AND (h.not_before > ?1 OR h.claimed_until > ?1))
		AND NOT EXISTS (SELECT 1 FROM outbox w WHERE w.key = o.after AND w.done_at IS NULL)
	AND kind NOT IN (SELECT value FROM json_each(?2)) ORDER BY kind NOT IN ('incident', 'request', 'checkpoint'), id LIMIT ${maxDue}`

/** Where a message goes: a channel of Slack, or a peer. Each has its own rate limit. */
export const destinationOf = (message: Message): string =>
	isForPeople(message) ? `slack ${message.payload.channel ?? ''}` : message.kind

/**
 * The messages that are due, those for people first and each kind oldest first. Left out are destinations that are rate limited,
 * and the kinds of `unreachable`, so that messages that cannot be sent do not fill the result.
 */
export async function dueMessages(
	context: Context,
	unreachable: ReadonlySet<Message['kind']> = new Set(),
): Promise<DueMessages[]> {
	const now = context.now()
	const limited = await context.db
		.selectDistinct({ kind: outbox.kind, payload: outbox.payload })
		.from(outbox)
		.where(and(isNull(outbox.doneAt), gt(outbox.notBefore, now), eq(outbox.error, rateLimited)))
	const paused = new Set(limited.map((message) => destinationOf(message as Message)))
	const due = await context.sql.all<{ id: number; kind: string; payload: string; attempts: number }>({
		sql: dueSql,
		params: [now, JSON.stringify([...unreachable])],
	})
	const byContent = new Map<string, DueMessages>()
	for (const { id, kind, payload, attempts } of due) {
		const message = { kind, payload: JSON.parse(payload) } as Message
		if (paused.has(destinationOf(message))) continue
		const messages = getOrInsert(
			byContent,
			payload,
			(): DueMessages => ({ ...message, ids: [], attempts: 0 }),
		)
		messages.ids.push(id)
		messages.attempts = Math.max(messages.attempts, attempts)
	}
	return [...byContent.values()]
}

/** Claims messages for one delivery; undefined if another one was faster. Counts the attempt, so that a crash counts too. */
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

/** A day for people, who are shown the state of then; a catalogue that misses a fact misses it for ever. */
const maxAttempts = {
	incident: 100,
	request: 100,
	checkpoint: 100,
	lineage: 3000,
	'training-run': 12,
} as const
const firstPauseMs = 5 * secondMs
const maxPauseMs = 15 * minuteMs
const keepMs = 30 * dayMs

/** Changes the messages of a claim and releases it. Does nothing if another delivery has taken them over. */
async function release(context: Context, { token }: Claim, set: string, params: SqlValue[]): Promise<void> {
	const sql = `UPDATE outbox SET ${set}, claim = NULL, claimed_until = 0 WHERE claim = ?`
	await commit(context, deliverer, [], [{ query: { sql, params: [...params, token] } }])
}

/** Marks messages as done. `note`: why nothing was sent. */
export const complete = (context: Context, claim: Claim, note: string | null = null): Promise<void> =>
	release(context, claim, 'done_at = ?, error = ?', [context.now(), note])

/** Makes messages due again after `afterMs`. It does not count as an attempt. */
export const reschedule = (context: Context, claim: Claim, afterMs: number): Promise<void> =>
	release(context, claim, 'attempts = attempts - 1, not_before = ?, error = ?', [
		context.now() + afterMs,
		afterMs > 0 ? rateLimited : null,
	])

/** Makes messages due again after a pause that doubles each time. Gives up after the last attempt, or if no retry can help. */
export async function markFailed(
	context: Context,
	claim: Claim,
	error: { message: string; retryable: boolean },
): Promise<void> {
	const now = context.now()
	const { message, retryable } = error
	const { attempts } = claim
	const pause = backoffMs(attempts, firstPauseMs, maxPauseMs)
	const givenUp = !retryable || attempts >= maxAttempts[claim.kind]
	await release(context, claim, 'error = ?, not_before = ?, done_at = ?', [
		message,
		now + pause,
		givenUp ? now : null,
	])
	const fields = { kind: claim.kind, ...claim.payload, attempts, error: message }
	if (givenUp) context.logger.error('a message was given up', fields)
	else context.logger.warn('a message could not be delivered yet', fields)
}

/** Deletes messages that were done more than 30 days ago, except those of incidents and requests that are still open. */
export async function pruneOutbox(context: Context): Promise<void> {
	const sql = `DELETE FROM outbox WHERE done_at IS NOT NULL AND done_at < ?
		AND (kind <> 'incident' OR payload ->> 'incidentId' NOT IN (SELECT id FROM incident WHERE status <> 'resolved'))
		AND (kind <> 'request' OR payload ->> 'requestId' NOT IN (SELECT id FROM request WHERE status = 'pending'))`
	await commit(context, deliverer, [], [{ query: { sql, params: [context.now() - keepMs] } }])
}
