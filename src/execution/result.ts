import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { commit } from '../db/commit.ts'
import { executions } from '../db/schema.ts'
import { executor, isConflict } from './claim.ts'
import { startExecution } from './wake-up.ts'

export type Result = { status: 'done' | 'failed'; detail: string }

const maxDetail = 500

/**
 * Records what the target reports of an action that it has accepted, and goes on with the request. The same report again
 * changes nothing. Throws `not-found`, and `not-open` when no report is expected (any more).
 */
export async function recordResult(
	context: Context,
	id: string,
	result: Result,
): Promise<{ isNew: boolean }> {
	const { status } = result
	const detail = result.detail.slice(0, maxDetail)
	const open = and(
		eq(executions.request, id),
		isNull(executions.result),
		isNull(executions.finishedAt),
		isNotNull(executions.actingAt),
	)
	// It is due at once: the target is read again, and the report settles what the read leaves open.
	const query = context.db
		.update(executions)
		.set({ result: { status, detail }, notBefore: context.now() })
		.where(open)
	try {
		await commit(context, executor, [], [{ query, guarded: true }])
	} catch (error) {
		if (!isConflict(error)) throw error
		const [row] = await context.db.select().from(executions).where(eq(executions.request, id))
		if (!row) throw new AppError('not-found', `There is no execution of "${id.slice(0, 100)}".`)
		if (row.result?.status === status) return { isNew: false }
		throw new AppError(
			'not-open',
			row.result
				? `${id} was already reported as ${row.result.status}.`
				: `${id} is not being carried out, so no result is expected.`,
		)
	}
	startExecution(context, id)
	return { isNew: true }
}
