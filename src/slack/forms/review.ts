import { getRequest } from '../../approvals/request/request.ts'
import { AppError } from '../../core/errors.ts'
import { decide } from '../../execution/decide.ts'
import { breakGlassWords, decidedView, reviewTitle, reviewView } from '../blocks/review.ts'
import { escapeText } from '../blocks/text.ts'
import { textView } from '../blocks/view.ts'
import { requestAbout } from '../delivery/posts.ts'
import { refreshHome } from '../home.ts'
import type { Modal, Typed } from '../reply.ts'
import { closeForm, findForm, keepForm, reasonFault } from './form.ts'

/**
 * The form for a vote. What it shows is kept with it: the vote counts only for that action, and `decide` checks everything
 * else again at the moment of the submission.
 */
export const reviewModal: Modal = {
	isChange: true,
	waiting: 'Nothing is decided yet: the request is being read…',
	open: async (context, { actor, words }) => {
		const request = await getRequest(context, actor, words[0] ?? '')
		const about = await requestAbout(context, request)
		if (request.status !== 'pending') return decidedView(request, about)
		const form = { kind: 'review' as const, about: request.id, shown: request.actionDigest }
		return reviewView(await keepForm(context, actor, form), request, about, actor)
	},
	submit: async (context, { actor, words, person }, typed) => {
		const form = await findForm(context, actor, 'review', words[0] ?? '')
		const errors = faultsIn(typed)
		if (errors) return { errors }
		const { decision, reason = '', break_glass: breakGlass } = typed
		try {
			const decided = await decide(context, actor, form.about, {
				vote: decision === 'approve' ? 'approve' : 'reject',
				actionDigest: form.shown ?? '',
				reason: reason.trim(),
				...(breakGlass ? { breakGlass: true } : {}),
			})
			await closeForm(context, form)
			const about = await requestAbout(context, decided.request)
			return {
				view: decidedView(
					decided.request,
					about,
					decided.isNew ? 'Your vote is stored.' : 'You have voted so before.',
				),
				after: () => refreshHome(context, person),
			}
		} catch (error) {
			if (!(error instanceof AppError)) throw error
			if (error.code === 'invalid') return { errors: { reason: error.message } }
			return {
				view: textView(`*Your vote was not counted.* ${escapeText(error.textFor('slack'))}`, reviewTitle),
			}
		}
	},
}

/** What is missing in the form, by field. */
function faultsIn(typed: Typed): Record<string, string> | undefined {
	const { decision, reason = '', break_glass: breakGlass = '', break_glass_confirm: confirm = '' } = typed
	if (decision !== 'approve' && decision !== 'reject') return { decision: 'Choose Approve or Reject.' }
	const fault = reasonFault(reason, 'Write why. The reason is recorded with your vote.')
	if (fault !== undefined) return { reason: fault }
	const isConfirmed = confirm.trim().toLowerCase() === breakGlassWords
	if (breakGlass !== '' && decision !== 'approve')
		return { break_glass: 'Only an approval can break the glass. Clear this, or choose Approve.' }
	if (breakGlass !== '' && !isConfirmed)
		return { break_glass_confirm: `Type "${breakGlassWords}" to confirm that one approval is enough.` }
	if (breakGlass === '' && confirm.trim() !== '')
		return { break_glass: 'Tick this as well, or clear the confirmation.' }
	return undefined
}
