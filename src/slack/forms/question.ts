import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import type { SlackPlace } from '../../db/schema.ts'
import type { View } from '../blocks/text.ts'
import { messageView, modalView, textInput, textView } from '../blocks/view.ts'
import { postReply } from '../delivery/post-reply.ts'
import { wordsIn } from '../events.ts'
import type { Modal } from '../reply.ts'
import { answerText } from '../understand.ts'
import { closeForm, findForm, keepForm } from './form.ts'

/** The id of the form and of the shortcut that opens it. */
export const questionId = 'plumb_ask'
const title = 'Ask Plumbline'
// A field takes no more.
const maxWords = 3000

/** A form for a question in words. The answer goes to `place`, otherwise into the form. */
export async function questionView(
	context: Context,
	actor: Actor,
	text: string,
	place: SlackPlace | undefined,
): Promise<View> {
	return modalView({
		id: questionId,
		value: await keepForm(context, actor, { kind: 'ask', place }),
		title,
		submit: 'Ask',
		blocks: [
			textInput('words', 'Question or command', {
				initial: text,
				max: maxWords,
				isLong: true,
				hint: 'Such as: status, or: why was application 8841 declined? "help" lists what you can ask.',
			}),
		],
	})
}

export const questionModal: Modal = {
	waiting: 'Looking for the answer…',
	open: (context, { actor }) => questionView(context, actor, '', undefined),
	submit: async (context, { actor, words: [id = ''], person }, { words = '' }) => {
		const form = await findForm(context, actor, 'ask', id)
		if (words.trim() === '') return { errors: { words: 'Write a question or a command.' } }
		const reply = await answerText(context, actor, wordsIn(words))
		await closeForm(context, form)
		if (form.place === null || !person) return { view: messageView(reply.message, title) }
		await postReply(context, person, form.place, reply)
		return { view: textView('The answer is in the thread of the message.', title) }
	},
}
