import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { slackActor } from '../services/slack/map-user.ts'
import { escapeText, named, type SlackMessage, say, unescapeText } from './blocks/text.ts'
import { findCommand } from './commands/index.ts'
import { interactions } from './interactions/index.ts'

export type Person = { team: string; user: string }

const stranger = ({ team, user }: Person) =>
	say(
		`You have no role here yet, and being in a channel gives none. An admin can give you one: \`plumbline slack map ${named(team)}/${named(user)} --role viewer\``,
	)

/** Answers `/plumb …`. What goes wrong is told, never thrown. */
export const answerCommand = (context: Context, person: Person, text: string): Promise<SlackMessage> =>
	asPerson(context, person, (actor) => {
		const { command, words } = findCommand(unescapeText(text))
		return command.answer(context, { actor, words })
	})

/** Answers the press of a button. */
export const answerButton = (
	context: Context,
	person: Person,
	action: string,
	value: string,
): Promise<SlackMessage> =>
	asPerson(context, person, (actor) => {
		const handler = interactions[action as keyof typeof interactions]
		if (!handler)
			throw new AppError('not-found', 'This button belongs to an older version; open the incident again.')
		return handler(context, { actor, words: [value] })
	})

type Actor = NonNullable<Awaited<ReturnType<typeof slackActor>>>

async function asPerson(
	context: Context,
	person: Person,
	work: (actor: Actor) => Promise<SlackMessage>,
): Promise<SlackMessage> {
	try {
		const actor = await slackActor(context, person.team, person.user)
		return actor ? await work(actor) : stranger(person)
	} catch (error) {
		if (error instanceof AppError) return say(escapeText(error.message))
		context.logger.error('a Slack request failed', { error: String(error), stack: (error as Error).stack })
		return say('Something went wrong on our side; it is in the log.')
	}
}
