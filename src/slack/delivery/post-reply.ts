import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { SlackPlace } from '../../db/schema.ts'
import type { SlackBody, SlackCall } from '../../ports/slack-client.ts'
import { type SlackMessage, textMessage } from '../blocks/text.ts'
import { callOf } from '../connection.ts'
import type { Person } from '../people/find-person.ts'
import type { Reply } from '../reply.ts'
import { isInThread, plain } from './find-posted.ts'
import { follow } from './follow.ts'

/**
 * Posts a reply where somebody asked, in the thread if it was one. What is personal is only for the person: everybody in a
 * channel could read it otherwise. Throws if Slack does not accept it.
 */
export async function postReply(
	context: Context,
	person: Person,
	place: SlackPlace,
	reply: Reply,
): Promise<void> {
	const call = await callOf(context, person)
	const send = (message: SlackMessage) =>
		reply.isPersonal && !place.isDirect
			? postToOne(call, person, place, message)
			: postToAll(call, person, place, message)
	await send(reply.message)
	const rest = follow(context, send, reply)
	context.background?.(rest)
}

async function postToOne(
	call: SlackCall,
	{ user }: Person,
	{ channel, thread: thread_ts }: SlackPlace,
	message: SlackMessage,
): Promise<void> {
	accepted(await call('chat.postEphemeral', { channel, thread_ts, user, ...message, ...plain }))
}

const threadGone = textMessage(
	'The message that you asked under is gone, so the answer has no thread. Ask again.',
)

async function postToAll(
	call: SlackCall,
	person: Person,
	place: SlackPlace,
	message: SlackMessage,
): Promise<void> {
	const { channel, thread: thread_ts } = place
	const posted = accepted(await call('chat.postMessage', { channel, thread_ts, ...message, ...plain }))
	if (thread_ts === undefined || isInThread(posted, thread_ts)) return
	await call('chat.delete', { channel, ts: posted.ts })
	await postToOne(call, person, { channel, isDirect: place.isDirect }, threadGone)
}

function accepted(answer: Awaited<ReturnType<SlackCall>>): SlackBody {
	if (answer.ok) return answer.value
	throw new AppError('unavailable', `Slack did not accept an answer: ${answer.error.message}.`)
}
