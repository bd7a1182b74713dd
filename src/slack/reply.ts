import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import type { SlackMessage, View } from './blocks/text.ts'
import type { Person } from './people/find-person.ts'

/** The words after a command, or the id in a button, and who sent it; `person` if it came from Slack. */
export type CommandInput = { actor: Actor; words: readonly string[]; person?: Person | undefined }
/**
 * A message that is complete on its own, and optionally a second one that follows when it is ready. `isPersonal`: it can name
 * people or values of features, so that only the person who asked may see it.
 */
export type Reply = {
	message: SlackMessage
	later?: () => Promise<SlackMessage | undefined>
	isPersonal?: boolean
	/** It says that the words were not understood. */
	isUnclear?: boolean
}
export type Handler = (context: Context, asked: CommandInput) => Promise<SlackMessage | Reply>
export type SlackCommand = {
	name: string
	usage: string
	about: string
	example: string
	/** Its replies can name people or values of features. */
	isPersonal?: boolean
	answer: Handler
}

/** The texts in the fields of a modal, by action id. */
export type Typed = Readonly<Record<string, string>>
/** The next content of a modal and what is done once it is shown, or errors by block id. */
export type Submitted = { view: View; after?: () => Promise<unknown> } | { errors: Record<string, string> }
/** A modal that a button opens. `words[0]` is the opaque id in the button and then in the modal. */
export type Modal = {
	/** Whether it changes something: who submits it is then looked up anew. */
	isChange?: boolean
	/** What it shows while its content, or what follows its submission, is not there yet. Names nothing. */
	waiting: string
	open: (context: Context, asked: CommandInput) => Promise<View>
	submit: (context: Context, asked: CommandInput, typed: Typed) => Promise<Submitted>
}
