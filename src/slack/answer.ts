import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { slackActor } from '../registry/key/map-slack-user.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { escapeText, named, type SlackMessage, say, unescapeText, type View } from './blocks/text.ts'
import { sayingView } from './blocks/what-if.ts'
import { findCommand } from './commands/index.ts'
import { interactions } from './interactions/index.ts'
import { modals } from './modals/index.ts'
import type { Modal, Reply, Submitted, Typed } from './reply.ts'

export type Person = { team: string; user: string }

const strangerText = ({ team, user }: Person) =>
	`You have no role here yet, and being in a channel gives none. An admin can give you one: \`plumbline slack map ${named(team)}/${named(user)} --role viewer\``

const asReply = (answer: SlackMessage | Reply): Reply => ('message' in answer ? answer : { message: answer })
const sayReply = (text: string): Reply => ({ message: say(text) })
// Slack takes no longer command from a person.
const longestText = 4000

const older = 'This button belongs to an older version; ask again.'

/** Answers `/plumb …`. What goes wrong is told, never thrown. */
export const answerCommand = (context: Context, person: Person, text: string): Promise<Reply> =>
	asPerson(
		context,
		person,
		async (actor) => {
			if (text.length > longestText)
				throw new AppError('invalid', `That has ${text.length} characters; I read ${longestText}.`)
			const { command, words } = findCommand(unescapeText(text))
			return asReply(await command.answer(context, { actor, words }))
		},
		sayReply,
	)

/** Answers the press of a button. */
export const answerButton = (
	context: Context,
	person: Person,
	action: string,
	value: string,
): Promise<Reply> =>
	asPerson(
		context,
		person,
		async (actor) => {
			const handler = interactions[action as keyof typeof interactions]
			if (!handler) throw new AppError('not-found', older)
			return asReply(await handler(context, { actor, words: [value] }))
		},
		sayReply,
	)

/** Whether a button opens a modal. */
export const opensModal = (action: string): boolean => Object.hasOwn(modals, action)

const modalOf = (id: string): Modal => {
	if (!opensModal(id)) throw new AppError('not-found', older)
	return modals[id as keyof typeof modals]
}

/** What a modal shows while its answer is on its way. Holds nothing, so it can be opened before the person is known. */
export const loadingView = (value: string): View => sayingView(value, 'Asking the model…')

/** What a modal shows once it is open. */
export const answerOpening = (context: Context, person: Person, id: string, value: string): Promise<View> =>
	asPerson(
		context,
		person,
		(actor) => modalOf(id).open(context, { actor, words: [value] }),
		(text) => sayingView(value, text),
	)

/** What comes of a modal that was filled in. */
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
		(actor) => modalOf(id).submit(context, { actor, words: [value] }, typed),
		(text) => ({ view: sayingView(value, text) }),
	)

type Actor = NonNullable<Awaited<ReturnType<typeof slackActor>>>

/** Does the work in the person's name; what cannot be done is said in markup. */
async function asPerson<T>(
	context: Context,
	person: Person,
	work: (actor: Actor) => Promise<T>,
	saying: (text: string) => T,
): Promise<T> {
	try {
		const actor = await slackActor(context, person.team, person.user)
		if (!actor) return saying(strangerText(person))
		return await work(actor).catch(async (error: unknown) => {
			throw await withNearestModel(context, actor, error)
		})
	} catch (error) {
		if (error instanceof AppError) return saying(escapeText(error.textFor('slack')))
		context.logger.error('a Slack request failed', { error: String(error), stack: (error as Error).stack })
		return saying('Something went wrong on our side; it is in the log.')
	}
}
