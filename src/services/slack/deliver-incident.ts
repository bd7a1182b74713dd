import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Result } from '../../core/result.ts'
import { slackMessages } from '../../db/schema.ts'

type Message = { text: string; blocks: readonly unknown[] }
type Stored = typeof slackMessages.$inferSelect
type Slack = NonNullable<Context['slack']>

/** What is to stand in Slack of an incident. `replies` are the timeline, oldest first. */
export type IncidentPost = {
	incidentId: string
	channel: string
	resolved: boolean
	message: Message
	replies: readonly string[]
}

const metadataType = 'plumbline_incident'
const historyPages = 100

/**
 * Brings Slack to what an incident is now: its one message, edited in place, and a reply for each timeline entry that the
 * thread does not have yet. Level-triggered: doing it again does nothing more. An incident that was resolved before it
 * was ever announced is never announced.
 */
export async function deliverIncident(
	context: Context,
	slack: Slack,
	post: IncidentPost,
): Promise<Result<'posted' | 'skipped'>> {
	const stored = await readStored(context, post)
	if (!stored && post.resolved) return { ok: true, value: 'skipped' }
	const placed = stored?.ts
		? await update(slack, post, stored.ts)
		: await announce(context, slack, post, stored)
	if (!placed.ok) return placed
	return reply(context, slack, post, placed.value, stored?.replies ?? 0)
}

const keyOf = (post: IncidentPost) =>
	and(eq(slackMessages.incident, post.incidentId), eq(slackMessages.channel, post.channel))

async function readStored(context: Context, post: IncidentPost): Promise<Stored | undefined> {
	const [row] = await context.db.select().from(slackMessages).where(keyOf(post))
	return row
}

async function update(slack: Slack, { channel, message }: IncidentPost, ts: string): Promise<Result<string>> {
	const answer = await slack.call('chat.update', { channel, ts, ...message })
	return answer.ok ? { ok: true, value: ts } : answer
}

/** Posts the message. The attempt is on record first: after a crash we look whether Slack has it before posting again. */
async function announce(
	context: Context,
	slack: Slack,
	post: IncidentPost,
	stored: Stored | undefined,
): Promise<Result<string>> {
	if (stored) {
		const found = await findPosted(slack, post, stored.attemptedAt)
		if (!found.ok) return found
		if (found.value !== undefined) return remember(context, post, found.value)
	} else {
		await context.db.insert(slackMessages).values({
			incident: post.incidentId,
			channel: post.channel,
			ts: null,
			attemptedAt: context.now(),
			replies: 0,
		})
	}
	const metadata = { event_type: metadataType, event_payload: { incident: post.incidentId } }
	const answer = await slack.call('chat.postMessage', {
		channel: post.channel,
		...post.message,
		metadata,
		unfurl_links: false,
	})
	if (!answer.ok) return answer
	return remember(context, post, String(answer.value.ts))
}

async function remember(context: Context, post: IncidentPost, ts: string): Promise<Result<string>> {
	await context.db.update(slackMessages).set({ ts }).where(keyOf(post))
	return { ok: true, value: ts }
}

type History = {
	messages?: { ts: string; metadata?: { event_type?: string; event_payload?: { incident?: string } } }[]
}

async function findPosted(
	slack: Slack,
	{ channel, incidentId }: IncidentPost,
	since: number,
): Promise<Result<string | undefined>> {
	const oldest = String(since / 1000 - 60)
	const answer = await slack.call('conversations.history', {
		channel,
		oldest,
		include_all_metadata: true,
		limit: historyPages,
	})
	if (!answer.ok) return answer
	const { messages = [] } = answer.value as unknown as History
	const mine = messages.find(
		(m) => m.metadata?.event_type === metadataType && m.metadata.event_payload?.incident === incidentId,
	)
	return { ok: true, value: mine?.ts }
}

async function reply(
	context: Context,
	slack: Slack,
	post: IncidentPost,
	ts: string,
	from: number,
): Promise<Result<'posted'>> {
	for (let i = from; i < post.replies.length; i++) {
		const answer = await slack.call('chat.postMessage', {
			channel: post.channel,
			thread_ts: ts,
			text: post.replies[i],
			unfurl_links: false,
		})
		if (!answer.ok) return answer
		const thread = (answer.value.message as { thread_ts?: string } | undefined)?.thread_ts
		if (thread !== ts) {
			// The message that the thread hung on is gone, and Slack has put the reply into the channel: take it back.
			await slack.call('chat.delete', { channel: post.channel, ts: answer.value.ts })
			return {
				ok: false,
				error: { message: `the message of ${post.incidentId} is gone from the channel`, retryable: false },
			}
		}
		await context.db
			.update(slackMessages)
			.set({ replies: i + 1 })
			.where(keyOf(post))
	}
	return { ok: true, value: 'posted' }
}
