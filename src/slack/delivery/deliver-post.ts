import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Result } from '../../core/result.ts'
import { type Change, commit } from '../../db/commit.ts'
import { type Claim, deliverer } from '../../db/outbox.ts'
import { slackMessages } from '../../db/schema.ts'
import type { SqlValue } from '../../db/sql.ts'
import type { SlackCall, SlackFailure } from '../../ports/slack-client.ts'
import {
	countEntries,
	entryMark,
	findChannel,
	findMessage,
	isInThread,
	messageMark,
	plain,
} from './find-posted.ts'

/** What Slack should show of an incident or a request. */
export type Post = {
	/** The id of what it shows. */
	object: string
	channel: string
	/** If it was not announced yet, it is not announced any more. */
	isOver: boolean
	message: { text: string; blocks: readonly unknown[] }
	/** The thread: the timeline of an incident, oldest first. */
	replies: readonly string[]
}

/** `more`: the thread does not have all of its replies yet. `skipped`: there is nothing to post. */
export type Delivered = 'posted' | 'skipped' | 'more'
type Posted = { ts: string; channelId: string; replies: number; attempted: number }
type Work = { call: SlackCall; post: Post; record: MessageRecord }

const maxReplies = 60

/**
 * Updates Slack to the current state of an object: one message, edited in place, with a reply for each timeline entry.
 * Level-triggered: repeating it changes nothing. What was over before it was announced is not announced. Throws
 * `conflict` if another delivery has taken over the claim.
 */
export async function deliverPost(
	context: Context,
	call: SlackCall,
	post: Post,
	claim: Claim,
): Promise<Result<Delivered, SlackFailure>> {
	const work = { call, post, record: new MessageRecord(context, claim, post.object, post.channel) }
	const stored = await work.record.read()
	const posted = stored?.ts ? await edit(work, stored, stored.ts) : await announce(work, stored)
	if (!posted.ok) return posted
	return posted.value === 'skipped' ? { ok: true, value: 'skipped' } : reply(work, posted.value)
}

async function edit(
	work: Work,
	stored: MessageRow,
	ts: string,
): Promise<Result<Posted | 'skipped', SlackFailure>> {
	const { call, post, record } = work
	const channel = await channelOf(work, stored)
	if (!channel.ok) return channel
	const answer = await call('chat.update', { channel: channel.value, ts, ...post.message, ...plain })
	if (answer.ok) {
		const { replies, attemptedReplies: attempted } = stored
		return { ok: true, value: { ts, channelId: channel.value, replies, attempted } }
	}
	if (answer.error.message !== 'message_not_found') return answer
	// Somebody has deleted the message, but people must still see what is open.
	await record.forget()
	return announce(work, undefined)
}

/** Slack's id of the channel. Messages of old versions do not have it, so it is looked up. */
async function channelOf({ call, post }: Work, stored: MessageRow): Promise<Result<string, SlackFailure>> {
	if (stored.channelId !== null) return { ok: true, value: stored.channelId }
	const found = await findChannel(call, post.channel)
	return found.ok ? { ok: true, value: found.value ?? post.channel } : found
}

/** Posts the message, unless an earlier attempt did so without receiving Slack's response. */
async function announce(
	work: Work,
	stored: MessageRow | undefined,
): Promise<Result<Posted | 'skipped', SlackFailure>> {
	const { call, post, record } = work
	if (stored) {
		const found = await findEarlier(work, stored)
		if (!found.ok) return found
		// The message shows the state of then; an edit brings it up to date.
		if (found.value) {
			await record.set({ ts: found.value.ts, channel_id: found.value.channelId })
			return edit(work, { ...stored, channelId: found.value.channelId }, found.value.ts)
		}
	}
	if (post.isOver) return { ok: true, value: 'skipped' }
	await record.beginPost()
	const metadata = messageMark(post.object)
	const answer = await call('chat.postMessage', {
		channel: post.channel,
		...post.message,
		metadata,
		...plain,
	})
	if (!answer.ok) {
		if (answer.error.refused) await record.forget()
		return answer
	}
	const ts = String(answer.value.ts)
	const channelId = String(answer.value.channel ?? post.channel)
	await record.set({ ts, channel_id: channelId })
	return { ok: true, value: { ts, channelId, replies: 0, attempted: 0 } }
}

async function findEarlier(
	{ call, post }: Work,
	{ attemptedAt }: MessageRow,
): Promise<Result<{ ts: string; channelId: string } | undefined, SlackFailure>> {
	const channel = await findChannel(call, post.channel)
	if (!channel.ok) return channel
	// The app is not in this channel, so it has no message there.
	if (channel.value === undefined) return { ok: true, value: undefined }
	const found = await findMessage(call, channel.value, post.object, attemptedAt)
	if (!found.ok) return found
	const message = found.value === undefined ? undefined : { ts: found.value, channelId: channel.value }
	return { ok: true, value: message }
}

/** Posts the replies that the thread does not have yet, in order. */
async function reply(work: Work, posted: Posted): Promise<Result<Delivered, SlackFailure>> {
	const { call, post, record } = work
	let from = posted.replies
	if (posted.attempted > from) {
		const there = await countEntries(call, posted.channelId, posted.ts, post.object)
		if (!there.ok) return there
		from = Math.max(from, there.value)
		await record.set({ replies: from, attempted_replies: from })
	}
	const until = Math.min(post.replies.length, from + maxReplies)
	for (let i = from; i < until; i++) {
		const failure = await replyOne(work, posted, i)
		if (failure) return { ok: false, error: failure }
	}
	return { ok: true, value: until < post.replies.length ? 'more' : 'posted' }
}

async function replyOne(work: Work, posted: Posted, entry: number): Promise<SlackFailure | undefined> {
	const { call, post, record } = work
	const { ts, channelId: channel } = posted
	await record.set({ attempted_replies: entry + 1 })
	const metadata = entryMark(post.object, entry)
	const text = post.replies[entry]
	const answer = await call('chat.postMessage', { channel, thread_ts: ts, text, metadata, ...plain })
	if (!answer.ok) {
		if (answer.error.refused) await record.set({ attempted_replies: entry })
		return answer.error
	}
	if (isInThread(answer.value, ts)) {
		await record.set({ replies: entry + 1 })
		return undefined
	}
	// The message of the thread is gone, so Slack posted the reply to the channel: delete it and start again.
	await call('chat.delete', { channel, ts: answer.value.ts })
	await record.forget()
	return { message: 'the message was deleted from the channel', retryable: true, refused: true }
}

export type MessageRow = typeof slackMessages.$inferSelect
type Column = 'ts' | 'channel_id' | 'replies' | 'attempted_replies'

// True while the delivery holds its claim: without it, another delivery owns the message.
const held = 'EXISTS (SELECT 1 FROM outbox WHERE claim = ?)'

/** The record of an object's message in a channel, for one delivery. Throws `conflict` once another one has the claim. */
export class MessageRecord {
	private readonly context: Context
	private readonly claim: Claim
	private readonly key: readonly [object: string, channel: string]

	constructor(context: Context, claim: Claim, object: string, channel: string) {
		this.context = context
		this.claim = claim
		this.key = [object, channel]
	}

	async read(): Promise<MessageRow | undefined> {
		const [object, channel] = this.key
		const mine = and(eq(slackMessages.object, object), eq(slackMessages.channel, channel))
		const [row] = await this.context.db.select().from(slackMessages).where(mine)
		return row
	}

	/** Recorded before the message is posted: after a crash it is searched for before it is posted again. */
	async beginPost(): Promise<void> {
		const now = this.context.now()
		await this.write(
			`INSERT INTO slack_message (incident, channel, ts, attempted_at, replies, attempted_replies)
				SELECT ?, ?, NULL, ?, 0, 0 WHERE ${held}
				ON CONFLICT DO UPDATE SET ts = NULL, attempted_at = excluded.attempted_at, replies = 0, attempted_replies = 0`,
			[...this.key, now, this.claim.token],
		)
	}

	/** Slack refused the post, or the message was deleted. */
	forget(): Promise<void> {
		const sql = `DELETE FROM slack_message WHERE incident = ? AND channel = ? AND ${held}`
		return this.write(sql, [...this.key, this.claim.token])
	}

	set(values: Partial<Record<Column, string | number>>): Promise<void> {
		const columns = Object.keys(values).map((name) => `${name} = ?`)
		const sql = `UPDATE slack_message SET ${columns.join(', ')} WHERE incident = ? AND channel = ? AND ${held}`
		return this.write(sql, [...Object.values(values), ...this.key, this.claim.token])
	}

	private async write(sql: string, params: SqlValue[]): Promise<void> {
		const change: Change = { query: { sql, params }, guarded: true }
		await commit(this.context, deliverer, [], [change])
	}
}
