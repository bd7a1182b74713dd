import type { ActionRequest } from '../../approvals/request/request.schema.ts'
import { limits } from '../limits.ts'
import { actionLines, isOpen, requestTitle, statusText } from './request.ts'
import {
	clip,
	context,
	escapeText,
	lines,
	named,
	type SlackMessage,
	section,
	shortTime,
	textMessage,
} from './text.ts'

const review = 'Votes are cast with *Review* on its message in the channel, or on the Home tab.'

/** A request as the reply to a command: the exact action, what it needs, and that nothing happens before. */
export function requestReply(request: ActionRequest): SlackMessage {
	const { id, requesterPerson, reason, needs, expiresAt, actionDigest } = request
	const people = needs === 1 ? 'another person approves it' : `${needs} other people approve it`
	const next = isOpen(request)
		? `*Nothing happens until ${people}*, before ${shortTime(expiresAt)}. ${review}`
		: ''
	const first = `:memo: *${named(id)}* ${escapeText(requestTitle(request))}: ${statusText(request)}`
	const why = `Requested by ${named(requesterPerson)}: ${named(reason, 1000)}`
	const all = [first, actionLines(request).join(', '), why, ...(next === '' ? [] : [next])]
	return {
		text: clip(all.join('\n'), limits.messageText),
		blocks: [
			section(lines([first, ...actionLines(request).map((line) => `• ${line}`), why])),
			...(next === '' ? [] : [section(next)]),
			context(`Action ${named(actionDigest, 100)}`),
		],
	}
}

/** The requests that are not decided or not carried out yet. */
export function requestsMessage(items: readonly ActionRequest[], areMore: boolean): SlackMessage {
	if (items.length === 0) return textMessage('No request is open.')
	const all = items.map((request) => {
		const { from, to } = request.action
		const step = [from, to].every((v) => typeof v === 'string')
			? `, from ${named(String(from), 60)} to ${named(String(to), 60)}`
			: ''
		return `*${named(request.id)}* ${escapeText(requestTitle(request))}${step}: ${statusText(request)}; ${named(request.reason, 200)} (${named(request.requesterPerson)})`
	})
	return {
		text: clip(all.join('; '), limits.messageText),
		blocks: [
			section(lines(all.map((line) => `• ${line}`))),
			context(
				`${review.replace('its message', 'the message of a request')}${areMore ? ' There are more than fit here.' : ''}`,
			),
		],
	}
}
