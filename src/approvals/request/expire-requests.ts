import { and, eq, lte } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { requests } from '../../db/schema.ts'
import { requestNews } from './request-news.ts'
import type { RequestRow } from './request-record.ts'

/** The actor of what happens by time alone. */
export const timekeeper = { id: 'job:expire-requests', how: 'job' } as const

/** Ends the pending requests that nobody can vote on any more: all, or those of a model. */
export async function expireRequests(context: Context, of: { model?: string } = {}): Promise<number> {
	const overdue = await context.db
		.select()
		.from(requests)
		.where(
			and(
				eq(requests.status, 'pending'),
				lte(requests.expiresAt, context.now()),
				of.model === undefined ? undefined : eq(requests.model, of.model),
			),
		)
	for (const row of overdue) await expireRequest(context, row)
	return overdue.length
}

/** Ends one pending request that is overdue. Does nothing if it has changed. */
export async function expireRequest(context: Context, row: RequestRow): Promise<void> {
	const revision = row.revision + 1
	const query = context.db
		.update(requests)
		.set({ status: 'expired', decidedAt: context.now(), revision })
		.where(and(eq(requests.id, row.id), eq(requests.revision, row.revision)))
	const entry = { action: 'expire-request', object: `request:${row.id}`, model: row.model }
	try {
		await commit(context, timekeeper, entry, [
			{ query, guarded: true },
			...requestNews(context, row, revision, timekeeper.id, [`request ${row.id} expired`]),
		])
	} catch (error) {
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
}
