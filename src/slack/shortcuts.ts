import type { Context } from '../context.ts'
import type { SlackPlace } from '../db/schema.ts'
import { answerCommand, asPerson } from './answer.ts'
import type { View } from './blocks/text.ts'
import { textView } from './blocks/view.ts'
import { postReply } from './delivery/post-reply.ts'
import { wordsIn } from './events.ts'
import { questionView } from './forms/question.ts'
import type { Person } from './people/find-person.ts'
import { requestsChange } from './understand.ts'

/** A shortcut that somebody chose: for a message, with its text and where it is, or for none. */
export type Shortcut = { text: string; place?: SlackPlace | undefined }
/** Returns the modal to open, if there is one. */
export type ShortcutHandler = (
	context: Context,
	person: Person,
	shortcut: Shortcut,
) => Promise<View | undefined>

/**
 * Answers a question in a message in its thread. For anything else, and without a message, opens a form with the words: who
 * chose the message need not be who wrote it.
 */
export const answerShortcut: ShortcutHandler = async (context, person, { text, place }) => {
	const words = wordsIn(text)
	const isQuestion = place && words !== '' && !requestsChange(words)
	const reply = isQuestion ? await answerCommand(context, person, words) : undefined
	if (place && reply && !reply.isUnclear) {
		await postReply(context, person, place, reply)
		return undefined
	}
	return asPerson<View>(
		context,
		person,
		(actor) => questionView(context, actor, words, place),
		(message) => textView(message),
	)
}
