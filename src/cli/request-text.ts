import { actionText } from '../approvals/request/action-text.ts'
import type { ActionRequest } from '../approvals/request/request.schema.ts'
import { printableCell } from '../core/printable.ts'
import type { Action } from '../ports/executors.ts'

/** How many approvals a request has, of how many. */
export const approvalsText = ({ votes, needs }: ActionRequest): string =>
	`${votes.filter((vote) => vote.vote === 'approve').length} of ${needs} approvals`

/** A request as somebody reads it before they vote: what will be done, by what, why, who voted, and the digest. */
export function requestText(request: ActionRequest): string {
	const { id, status, action, plan, reason, requesterPerson, votes, actionDigest, expiresAt, executeAfter } =
		request
	const { policy, evidence, execution } = request
	const until = status === 'pending' ? `, expires ${expiresAt}` : ''
	const rows: [string, string][] = [
		['action', actionText(action as Action)],
		...(plan ?? { calls: [] }).calls.map((call): [string, string] => ['plan', `${plan?.executor}: ${call}`]),
		['why', `${reason} (${requesterPerson})`],
		...(typeof evidence.incident === 'string' ? [['incident', evidence.incident] as [string, string]] : []),
		...(typeof evidence.note === 'string' ? [['note', evidence.note] as [string, string]] : []),
		...(policy ? [['policy', policy.name] as [string, string]] : []),
		...votes.map((vote): [string, string] => [
			'vote',
			`${vote.vote}${vote.breakGlass ? ' (break-glass)' : ''} by ${vote.person}: ${vote.reason}`,
		]),
		...(executeAfter === null ? [] : [['starts', `not before ${executeAfter}`] as [string, string]]),
		...(execution?.error ? [['error', execution.error] as [string, string]] : []),
		['digest', actionDigest],
	]
	const lines = rows.map(([name, value]) => `  ${name.padEnd(9)} ${printableCell(value)}\n`)
	return `${id}  ${status}, ${approvalsText(request)}${until}\n${lines.join('')}`
}
