import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { escapeText, named, type SlackMessage, textMessage, unescapeText, type View } from './blocks/text.ts'
import { sayingView } from './blocks/what-if.ts'
import { interactions, modals } from './interactions.ts'
import { type Person, slackActor } from './people/find-person.ts'
import type { Modal, Reply, Submitted, Typed } from './reply.ts'
import { answerText, runChoice } from './understand.ts'

const strangerText = ({ team, user }: Person) =>
	`You have no role in Plumbline. Ask an admin for one: \`plumbline slack map ${named(team)}/${named(user)} --role viewer\``

const asReply = (answer: SlackMessage | Reply): Reply => ('message' in answer ? answer : { message: answer })
const textReply = (text: string): Reply => ({ message: textMessage(text) })
const outdated = 'This button is from an older version. Run the command again.'

/** Handles the words of a person: `/plumb …`, a mention or a direct message. Errors become replies, they are never thrown. */
export const answerCommand = (context: Context, person: Person, text: string): Promise<Reply> =>
	asPerson(context, person, (actor) => answerText(context, actor, unescapeText(text)), textReply)

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
		async (actor) => {
			if (action.startsWith('pick_')) return runChoice(context, actor, value)
			const handler = interactions[action as keyof typeof interactions]
			if (!handler) throw new AppError('not-found', outdated)
			return asReply(await handler(context, { actor, words: [value] }))
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
export const loadingView = (value: string): View => sayingView(value, 'Asking the model…')

/** The content of a modal that was opened. */
export const answerOpening = (context: Context, person: Person, id: string, value: string): Promise<View> =>
	asPerson(
		context,
		person,
		(actor) => modalOf(id).open(context, { actor, words: [value] }),
		(text) => sayingView(value, text),
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
		(actor) => modalOf(id).submit(context, { actor, words: [value] }, typed),
		(text) => ({ view: sayingView(value, text) }),
	)

type Actor = NonNullable<Awaited<ReturnType<typeof slackActor>>>

/** Runs the work as the person; errors become text in markup. */
async function asPerson<T>(
	context: Context,
	person: Person,
	work: (actor: Actor) => Promise<T>,
	saying: (text: string) => T,
): Promise<T> {
	try {
		const actor = await slackActor(context, person)
		if (!actor) return saying(strangerText(person))
		return await work(actor).catch(async (error: unknown) => {
			throw await withNearestModel(context, actor, error)
		})
	} catch (error) {
		if (error instanceof AppError) return saying(escapeText(error.textFor('slack')))
		context.logger.error('a Slack request failed', { error: String(error), stack: (error as Error).stack })
		return saying('Something went wrong on our side. The log has the details.')
	}
}
