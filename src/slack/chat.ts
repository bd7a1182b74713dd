import type { Context } from '../context.ts'
import { type Actor, personOf, readers } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { peerText } from '../core/peer-text.ts'
import { authorise } from '../registry/key/authorise.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { escapeText, named, type SlackMessage, textMessage, type View } from './blocks/text.ts'
import type { ChatInput, ChatReply } from './chat.schema.ts'
import { interactions, modals } from './interactions.ts'
import type { Modal } from './reply.ts'
import { answerText, runChoice } from './understand.ts'

/**
 * The conversation of Slack without Slack: the same commands, buttons and forms, for the holder of a key. Only the key
 * decides who speaks; `as` is refused if it names somebody else. Errors become replies, as in Slack.
 */
export async function chat(context: Context, actor: Actor, input: ChatInput): Promise<ChatReply> {
	authorise(actor, readers)
	const person = personOf(actor)
	checkPerson(actor, input.as)
	const reply = { person, form: null, errors: {} }
	try {
		return { ...reply, ...(await answer(context, actor, input)) }
	} catch (error) {
		const shown = await withNearestModel(context, actor, error)
		if (!(shown instanceof AppError)) throw shown
		return { ...reply, ...messageReply(textMessage(escapeText(shown.textFor('slack')))) }
	}
}

function checkPerson(actor: Actor, as: string | undefined): void {
	const names = [personOf(actor), actor.id].map((name) => name.toLowerCase())
	if (as === undefined || names.includes(as.trim().toLowerCase())) return
	const whose =
		actor.owner === undefined ? `${actor.id} has no owner` : `${actor.id} belongs to ${actor.owner}`
	throw new AppError(
		'forbidden',
		`${whose}, so it cannot speak as ${JSON.stringify(as.slice(0, 100))}. Use a key whose owner that is: nobody can speak for somebody else.`,
	)
}

type Answer = Pick<ChatReply, 'text' | 'blocks'> & Partial<ChatReply>

async function answer(context: Context, actor: Actor, { text, press, submit }: ChatInput): Promise<Answer> {
	if (press) {
		const asked = { actor, words: [press.value] }
		if (Object.hasOwn(modals, press.action))
			return viewReply(await modalOf(press.action).open(context, asked))
		if (press.action.startsWith('pick_')) return messageReply(await runChoice(context, actor, press.value))
		if (!Object.hasOwn(interactions, press.action)) throw outdated()
		return messageReply(await interactions[press.action as keyof typeof interactions](context, asked))
	}
	if (submit) {
		const asked = { actor, words: [submit.value] }
		const submitted = await modalOf(submit.form).submit(context, asked, submit.fields)
		if ('view' in submitted) {
			// The reply is complete without it.
			await submitted
				.after?.()
				.catch((error) => context.logger.warn('a form could not be followed', { error: peerText(error) }))
			return viewReply(submitted.view)
		}
		const text = Object.values(submitted.errors).map(escapeText).join(' ')
		return { ...messageReply(textMessage(text)), errors: submitted.errors }
	}
	if (text === undefined)
		return messageReply(
			textMessage(`You are ${named(personOf(actor))} (${actor.role}). Type help for the commands.`),
		)
	return messageReply(await answerText(context, actor, text))
}

const outdated = () =>
	new AppError('not-found', 'This button is from an older version. Run the command again.')

function modalOf(id: string): Modal {
	if (!Object.hasOwn(modals, id)) throw outdated()
	return modals[id as keyof typeof modals]
}

function messageReply(reply: SlackMessage | { message: SlackMessage }): Answer {
	const { text, blocks } = 'message' in reply ? reply.message : reply
	return { text, blocks: [...blocks] }
}

function viewReply(view: View): Answer {
	const { title, submit, callback_id: id, private_metadata: value, blocks } = view
	const textOf = (part: unknown) => (part as { text?: string } | undefined)?.text
	return {
		text: escapeText(textOf(title) ?? ''),
		blocks: [...blocks],
		form: { id, value, submit: textOf(submit) ?? null },
	}
}
