import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { escapeText, named, type SlackMessage, textMessage, unescapeText } from './blocks/text.ts'
import { type Person, slackActor } from './people/find-person.ts'
import type { Reply } from './reply.ts'
import { answerText } from './understand.ts'

const strangerText = ({ team, user }: Person) =>
	`You have no role in Plumbline. Ask an admin for one: \`plumbline slack map ${named(team)}/${named(user)} --role viewer\``

export const asReply = (answer: SlackMessage | Reply): Reply =>
	'message' in answer ? answer : { message: answer }
export const textReply = (text: string, isPersonal = false): Reply => ({
	message: textMessage(text),
	isPersonal,
})

/** Handles the words of a person: `/plumb …`, a mention or a direct message. Errors become replies, they are never thrown. */
export const answerCommand = (context: Context, person: Person, text: string): Promise<Reply> =>
	asPerson(context, person, (actor, own) => answerText(own, actor, unescapeText(text)), textReply)

/** The context of a workspace: what it calls at Slack has the token of that workspace. */
export const inWorkspace = (context: Context, team: string): Context =>
	context.slack ? { ...context, slack: context.slack.forTeam(team) } : context

/** Runs the work as the person, in the context of their workspace; errors become text in markup. */
export async function asPerson<T>(
	context: Context,
	person: Person,
	work: (actor: Actor, own: Context) => Promise<T>,
	saying: (text: string, isPersonal: boolean) => T,
	find: typeof slackActor = slackActor,
): Promise<T> {
	try {
		const actor = await find(context, person)
		if (!actor) return saying(strangerText(person), true)
		return await work(actor, inWorkspace(context, person.team)).catch(async (error: unknown) => {
			throw await withNearestModel(context, actor, error)
		})
	} catch (error) {
		if (error instanceof AppError) return saying(escapeText(error.textFor('slack')), false)
		context.logger.error('a Slack request failed', { error: String(error), stack: (error as Error).stack })
		return saying('Something went wrong on our side. The log has the details.', false)
	}
}
