import type { Result } from '../../core/result.ts'
import { minuteMs } from '../../core/time.ts'
import type { SlackBody, SlackCall, SlackFailure } from '../../ports/slack-client.ts'

type Found<T> = Result<T | undefined, SlackFailure>
type Message = {
	ts: string
	metadata?: { event_type?: string; event_payload?: { incident?: string; entry?: number } }
}

/** Names must not become mentions or links, whatever they contain. */
export const plain = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false }

/** Whether a message was posted to the thread: where the parent is gone, Slack posts to the channel without an error. */
export const isInThread = (posted: SlackBody, ts: string): boolean =>
	(posted.message as { thread_ts?: string } | undefined)?.thread_ts === ts

/**
 * Metadata that marks the app's own messages, so that they can be found again. Only apps of the workspace see it. The names
 * are from when there were only messages of incidents.
 */
export const messageMark = (object: string) => ({
	event_type: 'plumbline_incident',
	event_payload: { incident: object },
})
export const entryMark = (object: string, entry: number) => ({
	event_type: 'plumbline_entry',
	event_payload: { incident: object, entry },
})

// Allows for differences between Slack's clock and this one, and for slow requests.
const aroundMs = 5 * minuteMs
const maxPages = 50
const pageSize = 200

/** Slack's id of a configured channel; undefined if the app is in no channel with that name. */
export async function findChannel(call: SlackCall, name: string): Promise<Found<string>> {
	if (/^[CGD][A-Z0-9]{6,}$/.test(name)) return { ok: true, value: name }
	const plain = name.replace(/^#/, '')
	const body = { types: 'public_channel,private_channel', exclude_archived: true }
	return findInPages(call, 'users.conversations', body, (page) => {
		const channels = (page.channels ?? []) as { id: string; name: string }[]
		return channels.find((c) => c.name === plain)?.id
	})
}

/** The object's message in a channel, if one was posted around `attemptedAt`. */
export function findMessage(
	call: SlackCall,
	channel: string,
	object: string,
	attemptedAt: number,
): Promise<Found<string>> {
	const seconds = (ms: number) => (ms / 1000).toFixed(6)
	const around = { oldest: seconds(attemptedAt - aroundMs), latest: seconds(attemptedAt + aroundMs) }
	const mark = messageMark(object)
	return findInPages(
		call,
		'conversations.history',
		{ channel, ...around, include_all_metadata: true },
		(page) =>
			messagesOf(page).find(
				({ metadata: m }) => m?.event_type === mark.event_type && m.event_payload?.incident === object,
			)?.ts,
	)
}

/** How many timeline entries the thread has. */
export async function countEntries(
	call: SlackCall,
	channel: string,
	ts: string,
	object: string,
): Promise<Result<number, SlackFailure>> {
	let count = 0
	const type = entryMark(object, 0).event_type
	const read = await findInPages(
		call,
		'conversations.replies',
		{ channel, ts, include_all_metadata: true },
		(page) => {
			for (const { metadata: m } of messagesOf(page))
				if (m?.event_type === type && m.event_payload?.incident === object)
					count = Math.max(count, Number(m.event_payload.entry) + 1)
			return undefined
		},
	)
	return read.ok ? { ok: true, value: count } : read
}

const messagesOf = (page: SlackBody) => (page.messages ?? []) as Message[]

async function findInPages<T>(
	call: SlackCall,
	method: string,
	body: Record<string, unknown>,
	pick: (page: SlackBody) => T | undefined,
): Promise<Found<T>> {
	let cursor = ''
	for (let page = 0; page < maxPages; page++) {
		const answer = await call(method, { ...body, limit: pageSize, ...(cursor ? { cursor } : {}) })
		if (!answer.ok) return answer
		const found = pick(answer.value)
		if (found !== undefined) return { ok: true, value: found }
		const next = answer.value.response_metadata as { next_cursor?: string } | undefined
		cursor = next?.next_cursor ?? ''
		if (cursor === '') return { ok: true, value: undefined }
	}
	const message = `${method} has more pages than can be searched`
	return { ok: false, error: { message, retryable: true, refused: true } }
}
