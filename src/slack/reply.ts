import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import type { SlackMessage, View } from './blocks/text.ts'

/** What a person asked: the words behind the command, or the id that a button carries. */
export type Asked = { actor: Actor; words: readonly string[] }
/** An answer, and what may follow it once it is ready. The answer alone says all. */
export type Reply = { message: SlackMessage; later?: () => Promise<SlackMessage | undefined> }
export type Handler = (context: Context, asked: Asked) => Promise<SlackMessage | Reply>
export type SlackCommand = { name: string; usage: string; about: string; answer: Handler }

/** What was typed into the fields of a modal, by the field's action id. */
export type Typed = Readonly<Record<string, string>>
/** What a modal shows next, or what is wrong by block id. */
export type Submitted = { view: View } | { errors: Record<string, string> }
/** A modal that a button opens. `words[0]` is the opaque id that the button, and then the modal, carries. */
export type Modal = {
	open: (context: Context, asked: Asked) => Promise<View>
	submit: (context: Context, asked: Asked, typed: Typed) => Promise<Submitted>
}
