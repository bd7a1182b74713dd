import type { ActionRequest, VoteInput } from '../approvals/request/request.schema.ts'
import { castVote } from '../approvals/vote/cast-vote.ts'
import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { openReviews } from './reviews.ts'
import { startExecution } from './wake-up.ts'

/**
 * Votes on a request (see `castVote`), and starts to carry it out, in the background, if that was the last vote. An
 * approval by break-glass is announced at once.
 */
export async function decide(
	context: Context,
	actor: Actor,
	id: string,
	input: VoteInput,
): Promise<{ request: ActionRequest; isNew: boolean }> {
	const voted = await castVote(context, actor, id, input)
	if (voted.request.status !== 'approved') return voted
	startExecution(context, id)
	if (input.breakGlass)
		await openReviews(context, id).catch((error: unknown) =>
			// The vote counts; the job opens what is missing.
			context.logger.error('the incident for a review could not be opened yet', {
				request: id,
				error: String(error),
			}),
		)
	return voted
}
