import type { Context } from '../context.ts'
import type { SlackPlace } from '../db/schema.ts'
import { answerCommand } from './answer.ts'
import { postReply } from './delivery/post-reply.ts'
import { publishHome } from './home.ts'
import type { Person } from './people/find-person.ts'

/** An event as Slack sends it, as far as it is read here. */
export type SlackEvent = {
	type: string
	user?: string
	text?: string | null
	channel?: string
	channel_type?: string
	ts?: string
	thread_ts?: string
	subtype?: string
	bot_id?: string
	edited?: unknown
	tab?: string
}
/** `self`: the user id of the app, where Slack names it. */
export type EventHandler = (
	context: Context,
	person: Person,
	event: SlackEvent,
	self?: string,
) => Promise<void>

/**
 * The command in a text: without the mention of the app and the name of the slash command. Where Slack does not name the
 * app, only a mention at the beginning is of it: others are people, as in `audit <@U1>`.
 */
export const wordsIn = (text: string, self?: string): string =>
	text
		.replaceAll(/<@([^>|\s]+)(?:\|[^>]*)?>/g, (mention, user, at: number) =>
			user === self || (self === undefined && text.slice(0, at).trim() === '') ? ' ' : mention,
		)
		.trim()
		.replace(/^\/plumb\b/i, '')
		.trim()

/** Not new words of a person: messages of apps (also our own), edits, deletions, people who join. */
const isNoise = ({ user, bot_id, subtype, edited }: SlackEvent, self: string | undefined): boolean =>
	!user || user === self || Boolean(bot_id) || Boolean(subtype) || Boolean(edited)

async function answerIn(context: Context, person: Person, place: SlackPlace, words: string): Promise<void> {
	await postReply(context, person, place, await answerCommand(context, person, words))
}

/** A mention in a channel: the answer goes to its thread. */
export const answerMention: EventHandler = async (context, person, event, self) => {
	const { channel, ts, thread_ts: thread = ts, text } = event
	if (channel === undefined || thread === undefined || isNoise(event, self)) return
	await answerIn(context, person, { channel, thread, isDirect: false }, wordsIn(text ?? '', self))
}

/** A direct message. */
export const answerDirect: EventHandler = async (context, person, event, self) => {
	const { channel, channel_type: type, thread_ts: thread, text } = event
	if (channel === undefined || type !== 'im' || isNoise(event, self)) return
	const place = { channel, isDirect: true, ...(thread === undefined ? {} : { thread }) }
	await answerIn(context, person, place, wordsIn(text ?? '', self))
}

export const answerHome: EventHandler = async (context, person, { tab }) => {
	if (tab === undefined || tab === 'home') await publishHome(context, person)
}
