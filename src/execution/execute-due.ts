import { and, gt, isNotNull, isNull, or } from 'drizzle-orm'
import { expireRequests } from '../approvals/request/expire-requests.ts'
import type { Context } from '../context.ts'
import { executions } from '../db/schema.ts'
import { isDue } from './claim.ts'
import { executeRequest } from './execute.ts'
import { reportPolicies } from './report-policies.ts'
import { openReviews } from './reviews.ts'

/** At once: one that hangs holds up the others only for a while. */
const atOnce = 8

/**
 * What time brings, in order: pending requests expire, approved ones whose time has come are carried out, those that wait
 * for windows are verified. Approvals by break-glass get an incident for their review, and so do policies that too few
 * people can satisfy.
 */
export async function executeDue(
	context: Context,
): Promise<{ expired: number; executions: number; failed: string[] }> {
	const expired = await expireRequests(context)
	const due = await context.db
		.select({ request: executions.request })
		.from(executions)
		.where(isDue(context.now()))
		.orderBy(executions.notBefore)
	const queue = due.values()
	const failed: string[] = []
	const next = async () => {
		for (const { request } of queue)
			await executeRequest(context, request).catch((error: unknown) => {
				failed.push(request)
				context.logger.error('a request could not be carried out yet', { request, error: String(error) })
			})
	}
	await Promise.all(Array.from({ length: atOnce }, next))
	await openReviews(context)
	await reportPolicies(context)
	return { expired, executions: due.length, failed }
}

/** Its process died: a live one gives the claim back when it waits. */
const isLeft = isNotNull(executions.claim)

/** Whether an execution is due that waits for no windows: its pause is over, or its process has died. */
export async function hasDue(context: Context): Promise<boolean> {
	const [due] = await context.db
		.select({ request: executions.request })
		.from(executions)
		.where(and(isDue(context.now()), or(isNull(executions.actedAt), gt(executions.failures, 0), isLeft)))
		.limit(1)
	return due !== undefined
}
