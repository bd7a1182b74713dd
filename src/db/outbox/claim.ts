import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { minuteMs } from '../../core/time.ts'
import { commit } from '../commit.ts'
import type { Errand } from './enqueue.ts'

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
