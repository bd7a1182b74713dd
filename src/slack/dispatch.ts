import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { asPerson, asReply, textReply } from './answer.ts'
import type { View } from './blocks/text.ts'
import { textView } from './blocks/view.ts'
import { interactions, modals } from './interactions.ts'
import { freshActor, type Person, slackActor } from './people/find-person.ts'
import type { Modal, Reply, Submitted, Typed } from './reply.ts'
import { runChoice } from './understand.ts'

const outdated = 'This button is from an older version. Run the command again.'

/** Handles a press of a button. */
export const answerButton = (
	context: Context,
	person: Person,
	action: string,
	value: string,
): Promise<Reply> =>
	asPerson(
		context,
		person,
		async (actor, own) => {
			if (action.startsWith('pick_')) return runChoice(own, actor, value)
			if (!Object.hasOwn(interactions, action)) throw new AppError('not-found', outdated)
			const handler = interactions[action as keyof typeof interactions]
			return asReply(await handler(own, { actor, words: [value], person }))
		},
		textReply,
	)

/** Whether a button opens a modal. */
export const opensModal = (action: string): boolean => Object.hasOwn(modals, action)

const modalOf = (id: string): Modal => {
	if (!opensModal(id)) throw new AppError('not-found', outdated)
	return modals[id as keyof typeof modals]
}

/** What a modal shows while it waits. It has no data, so it can be opened before the person is known. */
export const waitingView = (id: string): View => textView(modalOf(id).waiting)

/** The content of a modal that was opened. */
export const answerOpening = (context: Context, person: Person, id: string, value: string): Promise<View> =>
	asPerson(
		context,
		person,
		(actor, own) => modalOf(id).open(own, { actor, words: [value], person }),
		(text) => textView(text),
	)

/** Handles a submitted modal. */
export const answerSubmission = (
	context: Context,
	person: Person,
	id: string,
	value: string,
	typed: Typed,
): Promise<Submitted> =>
	asPerson<Submitted>(
		context,
		person,
		(actor, own) => modalOf(id).submit(own, { actor, words: [value], person }, typed),
		(text) => ({ view: textView(text) }),
		opensModal(id) && modalOf(id).isChange ? freshActor : slackActor,
	)
