import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Result } from '../../core/result.ts'
import { type Change, commit } from '../../db/commit.ts'
import { type Claim, deliverer } from '../../db/outbox.ts'
import { slackMessages } from '../../db/schema.ts'
import type { SqlValue } from '../../db/sql.ts'
import type { SlackCall, SlackFailure } from '../../ports/slack-client.ts'
import { countEntries, entryMark, findChannel, findMessage, incidentMark } from './find-posted.ts'

/** What is to stand in Slack of an incident. `replies` are the timeline, oldest first. */
export type IncidentPost = {
	incidentId: string
	channel: string
	resolved: boolean
	message: { text: string; blocks: readonly unknown[] }
	replies: readonly string[]
}

/** `more`: the thread has not got all of its replies yet. `skipped`: there is nothing to say. */
export type Delivered = 'posted' | 'skipped' | 'more'
type Placed = { ts: string; channelId: string; replies: number; attempted: number }
type Work = { call: SlackCall; post: IncidentPost; place: MessagePlace }

// Names must not become mentions or links, whatever is in them.
const plain = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false }
const maxReplies = 60

/**
 * Brings Slack to what an incident is now: its one message, edited in place, and a reply for each timeline entry that the
 * thread does not have yet. Level-triggered: doing it again does nothing more. An incident that was resolved before it
 * was ever announced is never announced. Throws `conflict` when the claim was lost.
 */
export async function deliverIncident(
	context: Context,
	call: SlackCall,
	post: IncidentPost,
	claim: Claim,
): Promise<Result<Delivered, SlackFailure>> {
	const work = { call, post, place: new MessagePlace(context, claim, post.incidentId, post.channel) }
	const stored = await work.place.read()
	const placed = stored?.ts ? await edit(work, stored, stored.ts) : await announce(work, stored)
	if (!placed.ok) return placed
	return placed.value === 'skipped' ? { ok: true, value: 'skipped' } : reply(work, placed.value)
}

async function edit(
	work: Work,
	stored: StoredPlace,
	ts: string,
): Promise<Result<Placed | 'skipped', SlackFailure>> {
	const { call, post, place } = work
	const channel = await channelOf(work, stored)
	if (!channel.ok) return channel
	const answer = await call('chat.update', { channel: channel.value, ts, ...post.message, ...plain })
	if (answer.ok) {
		const { replies, attemptedReplies: attempted } = stored
		return { ok: true, value: { ts, channelId: channel.value, replies, attempted } }
	}
	if (answer.error.message !== 'message_not_found') return answer
	// Somebody has removed the message. People still have to see an incident that is not over.
	await place.forget()
	return announce(work, undefined)
}

/** The id that Slack gave for the channel; a message from before we kept it has to be looked up. */
async function channelOf({ call, post }: Work, stored: StoredPlace): Promise<Result<string, SlackFailure>> {
	if (stored.channelId !== null) return { ok: true, value: stored.channelId }
	const found = await findChannel(call, post.channel)
	return found.ok ? { ok: true, value: found.value ?? post.channel } : found
}

/** Posts the message, unless an earlier attempt whose answer was lost has done so. */
async function announce(
	work: Work,
	stored: StoredPlace | undefined,
): Promise<Result<Placed | 'skipped', SlackFailure>> {
	const { call, post, place } = work
	if (stored) {
		const found = await findEarlier(work, stored)
		if (!found.ok) return found
		// Posted as it was then: what has changed since comes with an edit.
		if (found.value) {
			await place.set({ ts: found.value.ts, channel_id: found.value.channelId })
			return edit(work, { ...stored, channelId: found.value.channelId }, found.value.ts)
		}
	}
	if (post.resolved) return { ok: true, value: 'skipped' }
	await place.beginPost()
	const metadata = incidentMark(post.incidentId)
	const answer = await call('chat.postMessage', {
		channel: post.channel,
		...post.message,
		metadata,
		...plain,
	})
	if (!answer.ok) {
		if (answer.error.refused) await place.forget()
		return answer
	}
	const ts = String(answer.value.ts)
	const channelId = String(answer.value.channel ?? post.channel)
	await place.set({ ts, channel_id: channelId })
	return { ok: true, value: { ts, channelId, replies: 0, attempted: 0 } }
}

async function findEarlier(
	{ call, post }: Work,
	{ attemptedAt }: StoredPlace,
): Promise<Result<{ ts: string; channelId: string } | undefined, SlackFailure>> {
	const channel = await findChannel(call, post.channel)
	if (!channel.ok) return channel
	// We are not in such a channel, so nothing of ours is.
	if (channel.value === undefined) return { ok: true, value: undefined }
	const found = await findMessage(call, channel.value, post.incidentId, attemptedAt)
	if (!found.ok) return found
	const place = found.value === undefined ? undefined : { ts: found.value, channelId: channel.value }
	return { ok: true, value: place }
}

/** Adds to the thread what it does not have yet, in order. */
async function reply(work: Work, placed: Placed): Promise<Result<Delivered, SlackFailure>> {
	const { call, post, place } = work
	let from = placed.replies
	if (placed.attempted > from) {
		const there = await countEntries(call, placed.channelId, placed.ts, post.incidentId)
		if (!there.ok) return there
		from = Math.max(from, there.value)
		await place.set({ replies: from, attempted_replies: from })
	}
	const until = Math.min(post.replies.length, from + maxReplies)
	for (let i = from; i < until; i++) {
		const failure = await replyOne(work, placed, i)
		if (failure) return { ok: false, error: failure }
	}
	return { ok: true, value: until < post.replies.length ? 'more' : 'posted' }
}

async function replyOne(work: Work, placed: Placed, entry: number): Promise<SlackFailure | undefined> {
	const { call, post, place } = work
	const { ts, channelId: channel } = placed
	await place.set({ attempted_replies: entry + 1 })
	const metadata = entryMark(post.incidentId, entry)
	const text = post.replies[entry]
	const answer = await call('chat.postMessage', { channel, thread_ts: ts, text, metadata, ...plain })
	if (!answer.ok) {
		if (answer.error.refused) await place.set({ attempted_replies: entry })
		return answer.error
	}
	if ((answer.value.message as { thread_ts?: string } | undefined)?.thread_ts === ts) {
		await place.set({ replies: entry + 1 })
		return undefined
	}
	// The message that the thread hung on is gone, and Slack has put the reply into the channel: take it back, begin anew.
	await call('chat.delete', { channel, ts: answer.value.ts })
	await place.forget()
	return { message: 'the message is gone from the channel', retryable: true, refused: true }
}

export type StoredPlace = typeof slackMessages.$inferSelect
type Column = 'ts' | 'channel_id' | 'replies' | 'attempted_replies'

// Whoever lost the claim meanwhile must not write: the message is another's now.
const held = 'EXISTS (SELECT 1 FROM outbox WHERE claim = ?)'

/** Where an incident's message stands in a channel, as one delivery writes it. Throws `conflict` once its claim is lost. */
export class MessagePlace {
	private readonly context: Context
	private readonly claim: Claim
	private readonly key: readonly [incident: string, channel: string]

	constructor(context: Context, claim: Claim, incident: string, channel: string) {
		this.context = context
		this.claim = claim
		this.key = [incident, channel]
	}

	async read(): Promise<StoredPlace | undefined> {
		const [incident, channel] = this.key
		const mine = and(eq(slackMessages.incident, incident), eq(slackMessages.channel, channel))
		const [row] = await this.context.db.select().from(slackMessages).where(mine)
		return row
	}

	/** On record before the message is posted: after a crash we look for it before we post again. */
	async beginPost(): Promise<void> {
		const now = this.context.now()
		await this.write(
			`INSERT INTO slack_message (incident, channel, ts, attempted_at, replies, attempted_replies)
				SELECT ?, ?, NULL, ?, 0, 0 WHERE ${held}
				ON CONFLICT DO UPDATE SET ts = NULL, attempted_at = excluded.attempted_at, replies = 0, attempted_replies = 0`,
			[...this.key, now, this.claim.token],
		)
	}

	/** Slack has refused the post, or the message is gone: there is none. */
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
