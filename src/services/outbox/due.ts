import { and, asc, eq, isNotNull, isNull, lt, lte } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { dayMs, minuteMs, secondMs } from '../../core/time.ts'
import { outbox } from '../../db/schema.ts'

export type OutboxRow = typeof outbox.$inferSelect
const mostAttempts = 12
const longestPauseMs = 15 * minuteMs

/** What is due, oldest first. The job's lease keeps two processes from delivering at once. */
export const dueMessages = (context: Context, limit = 100): Promise<OutboxRow[]> =>
	context.db
		.select()
		.from(outbox)
		.where(and(isNull(outbox.doneAt), lte(outbox.notBefore, context.now())))
		.orderBy(asc(outbox.id))
		.limit(limit)

export async function markDone(context: Context, row: OutboxRow): Promise<void> {
	await context.db.update(outbox).set({ doneAt: context.now(), error: null }).where(eq(outbox.id, row.id))
}

/** Puts a message off: as long as the peer asked for, else twice as long each time. Gives up after twelve attempts. */
export async function markFailed(
	context: Context,
	row: OutboxRow,
	error: string,
	retryAfterMs?: number,
): Promise<void> {
	const now = context.now()
	const attempts = row.attempts + 1
	const pause = retryAfterMs ?? Math.min(longestPauseMs, 5 * secondMs * 2 ** row.attempts)
	const givenUp = attempts >= mostAttempts && retryAfterMs === undefined
	await context.db
		.update(outbox)
		.set({ attempts, error, notBefore: now + pause, doneAt: givenUp ? now : null })
		.where(eq(outbox.id, row.id))
	if (givenUp) context.logger.error('a message was given up', { key: row.key, error })
}

/** Forgets what was delivered more than a month ago. */
export async function pruneOutbox(context: Context): Promise<void> {
	await context.db
		.delete(outbox)
		.where(and(isNotNull(outbox.doneAt), lt(outbox.doneAt, context.now() - 30 * dayMs)))
}
