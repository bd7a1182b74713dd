import { draftRequest, requestChange } from '../../approvals/request/request.ts'
import { AppError } from '../../core/errors.ts'
import type { RequestKind } from '../../db/schema.ts'
import type { ActionInput } from './action.ts'

/** Adds a request for people to decide on, once an incident and kind. What cannot be requested is said in the timeline. */
export async function requestFor(
	{ context, changeSet, incidents, alert }: ActionInput,
	kind: RequestKind,
): Promise<void> {
	const { row, said } = incidents.place(alert.row)
	const { metric, value, rule, rulesDigest, firedFrom } = alert.row
	try {
		const draft = await draftRequest(context, {
			kind,
			model: row.model,
			environment: row.environment,
			reason: `rule ${rule}`,
			requester: 'job:evaluate-rules',
			incident: row.id,
			evidence: { rule, rulesDigest, metric, value, window: firedFrom },
		})
		const { change, entry } = requestChange(context, draft)
		changeSet.changes.push(change)
		changeSet.entries.push(entry)
		said.push(`requested a ${kind}: ${draft.id}`)
	} catch (error) {
		if (!(error instanceof AppError)) throw error
		said.push(`no ${kind} was requested: ${error.message}`)
	}
}
