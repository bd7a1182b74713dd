import type { ActionRequest } from '../../approvals/request/request.schema.ts'
import { limits } from '../limits.ts'
import { clip, context, lines, named, type SlackMessage, section, shortTime, textMessage } from './text.ts'

/** The exact action in words: from, to, environment. */
export function actionText({ kind, model, environment, action }: ActionRequest): string {
	const { from, to } = action as { from?: unknown; to?: unknown }
	const version = (value: unknown) => `version ${named(String(value), 100)}`
	const step =
		to === undefined || to === null
			? from === undefined || from === null
				? ''
				: ` (${version(from)} serves)`
			: ` from ${from === undefined || from === null ? 'nothing' : version(from)} to ${version(to)}`
	return `${kind} of *${named(model)}*${step} in *${named(environment)}*`
}

/** A request: the exact action, what it needs, and that nothing happens before. */
export function requestMessage(request: ActionRequest): SlackMessage {
	const { id, status, requester, reason, needs, expiresAt, actionDigest } = request
	const people = `${needs} ${needs === 1 ? 'approval' : 'approvals'} by ${needs === 1 ? 'a person' : 'people'} other than the requester`
	const then =
		status === 'pending'
			? `*Nothing happens until it is approved*: it needs ${people}, before ${shortTime(expiresAt)}. They press *Review* on its message or on the Home tab.`
			: `It is *${named(status)}*.`
	const all = [
		`:memo: *${named(id)}*: ${actionText(request)}`,
		`Reason: ${named(reason, 1000)} (${named(requester)})`,
		then,
	]
	return {
		text: clip(all.join('\n'), limits.messageText),
		blocks: [section(all.join('\n')), context(`Action ${named(actionDigest, 100)}`)],
	}
}

/** The requests that are not decided or not carried out yet. */
export function requestsMessage(items: readonly ActionRequest[], areMore: boolean): SlackMessage {
	if (items.length === 0) return textMessage('No request is open.')
	const all = items.map(
		(r) =>
			`• *${named(r.id)}* ${named(r.status)}: ${actionText(r)}, needs ${r.needs}, requested by ${named(r.requester)}: ${named(r.reason, 200)}`,
	)
	return {
		text: clip(all.map((line) => line.slice(2)).join('; '), limits.messageText),
		blocks: [
			section(lines(all)),
			context(
				`Press *Review* on the message of a request, or on the Home tab.${areMore ? ' There are more than fit here.' : ''}`,
			),
		],
	}
}
