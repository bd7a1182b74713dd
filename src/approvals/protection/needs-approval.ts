import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import type { Asked } from '../request/draft-action.ts'
import { draftRequest, submitRequest } from '../request/draft-request.ts'

/** Requests a change in the name of the actor, and returns the error that says so. The same again is the same request. */
export async function requestInstead(
	context: Context,
	actor: Actor,
	asked: Asked & { reason: string },
	why: string,
): Promise<AppError> {
	const draft = await draftRequest(context, { ...asked, requester: actor, evidence: {} })
	const { row, isNew } = await submitRequest(context, actor, draft)
	const state = isNew
		? 'was requested'
		: row.status === 'pending'
			? 'is already requested'
			: `is ${row.status}`
	return new AppError(
		'needs-approval',
		`${why} The change ${state} as ${row.id}, which needs ${row.needs === 1 ? 'one approval' : `${row.needs} approvals`} by other people.`,
		{ details: { request: row.id }, hint: { to: 'vote', id: row.id } },
	)
}
