import { activeActors } from '../approvals/policy/eligible.ts'
import type { Context } from '../context.ts'
import { type Actor, personOf, readers } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { peerText } from '../core/peer-text.ts'
import { authorise, coversGlobs, hasRole } from '../registry/key/authorise.ts'
import { withNearestModel } from '../registry/model/find-model.ts'
import { escapeText, named, type SlackMessage, textMessage, type View } from './blocks/text.ts'
import type { ChatInput, ChatReply } from './chat.schema.ts'
import { interactions, modals } from './interactions.ts'
import type { Modal } from './reply.ts'
import { answerText, requestsChange, runChoice } from './understand.ts'

/**
 * The conversation of Slack without Slack: the same commands, buttons and forms, for the holder of a key. Only the key
 * decides who speaks. With `as` an admin sees what somebody else would see; from others it is refused if it names somebody
 * else. Errors become replies, as in Slack.
 */
export async function chat(context: Context, actor: Actor, input: ChatInput): Promise<ChatReply> {
	authorise(actor, readers)
	const other = await otherPerson(context, actor, input.as)
	const reply = { person: personOf(other ?? actor), form: null, errors: {} }
	try {
		return {
			...reply,
			...(await (other ? show(context, actor, other, input) : answer(context, actor, input))),
		}
	} catch (error) {
		const shown = await withNearestModel(context, actor, error)
		if (!(shown instanceof AppError)) throw shown
		return { ...reply, ...messageReply(textMessage(escapeText(shown.textFor('slack')))) }
	}
}

/** The person that `as` names, if that is somebody else than the holder of the key. Throws `forbidden` unless an admin asks. */
async function otherPerson(
	context: Context,
	actor: Actor,
	as: string | undefined,
): Promise<Actor | undefined> {
	const wanted = as?.trim().toLowerCase()
	const is = (who: Actor) => [personOf(who), who.id].some((name) => name.toLowerCase() === wanted)
	if (wanted === undefined || is(actor)) return undefined
	const shown = JSON.stringify(wanted.slice(0, 100))
	if (!hasRole(actor, 'admin')) {
		const whose =
			actor.owner === undefined ? `${actor.id} has no owner` : `${actor.id} belongs to ${actor.owner}`
		throw new AppError(
			'forbidden',
			`${whose}, so it cannot speak as ${shown}. Use a key whose owner that is: nobody can speak for somebody else.`,
		)
	}
	const other = (await activeActors(context)).find((who) => is(who) && coversGlobs(actor, who.models))
	if (other) return other
	throw new AppError('not-found', `Nobody with an active key or a role in Slack is ${shown}.`)
}

/** What somebody else would see. The look-up is the admin's; requests and votes are for that person alone. */
async function show(context: Context, actor: Actor, other: Actor, input: ChatInput): Promise<Answer> {
	const name = personOf(other)
	const { text, press, submit } = input
	if (press || submit || (text !== undefined && requestsChange(text)))
		throw new AppError(
			'forbidden',
			`Only ${name} can press buttons, request and vote, with a key of their own. You see what they see.`,
		)
	if (text === undefined)
		return messageReply(
			textMessage(`You see what ${named(name)} (${other.role}) sees. Type help for the commands.`),
		)
	const { role, models } = other
	return messageReply(await answerText(context, { ...actor, role, models }, text))
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
