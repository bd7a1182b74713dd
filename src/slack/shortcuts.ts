import type { Context } from '../context.ts'
import type { SlackPlace } from '../db/schema.ts'
import { answerCommand, asPerson, type Person } from './answer.ts'
import type { View } from './blocks/text.ts'
import { textView } from './blocks/view.ts'
import { postReply } from './delivery/post-reply.ts'
import { wordsIn } from './events.ts'
import { askView } from './forms/ask.ts'
import { isUnderstood } from './understand.ts'

/** A shortcut that somebody chose: for a message, with its text and where it is, or for none. */
export type Shortcut = { text: string; place?: SlackPlace | undefined }
/** Returns the modal to open, if there is one. */
export type ShortcutHandler = (
	context: Context,
	person: Person,
	shortcut: Shortcut,
) => Promise<View | undefined>

/** Answers a message that is a command in its thread. For any other, and without a message, opens a form for the words. */
export const answerShortcut: ShortcutHandler = async (context, person, { text, place }) => {
	const words = wordsIn(text)
	if (place && isUnderstood(words)) {
		await postReply(context, person, place, await answerCommand(context, person, words))
		return undefined
	}
	return asPerson<View>(
		context,
		person,
		(actor) => askView(context, actor, words, place),
		(message) => textView(message),
	)
}
