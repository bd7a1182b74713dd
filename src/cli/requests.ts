import type { ActionRequest } from '../approvals/request/request.schema.ts'
import { AppError } from '../core/errors.ts'
import { callApi } from './api.ts'
import {
	type Command,
	type Parsed,
	requirePositional,
	type Terminal,
	textOption,
	UsageError,
} from './command.ts'
import { approvalsText, requestText } from './request-text.ts'

export const requests: Command = {
	help: `Usage: plumbline requests [ID] [options]

Lists the requests that people vote on, the latest first, or shows one: what will be done, by what, why, who voted, and
the digest to vote with. Needs PLUMBLINE_KEY with a role that reads.

  --status STATUS   only these, such as pending
  --model MODEL     only of this model
  --json            for machines

Example: plumbline requests --status pending
`,
	options: { status: { type: 'string' }, model: { type: 'string' } },
	async run(terminal, args) {
		const [id] = args.positionals
		const items = id === undefined ? await listAll(terminal, args) : [await read(terminal, id)]
		if (args.values.json) terminal.out(`${JSON.stringify(id === undefined ? { items } : items[0])}\n`)
		else if (items.length === 0) terminal.out('There are no such requests.\n')
		else terminal.out(items.map(requestText).join('\n'))
		return 0
	},
}

const at = (id: string) => `/v1/requests/${encodeURIComponent(id)}`

const read = async (terminal: Terminal, id: string): Promise<ActionRequest> =>
	(await callApi(terminal, 'GET', at(id))).body as ActionRequest

async function listAll(terminal: Terminal, args: Parsed): Promise<ActionRequest[]> {
	const query = new URLSearchParams({ limit: '100' })
	for (const name of ['status', 'model']) {
		const value = textOption(args, name)
		if (value !== undefined) query.set(name, value)
	}
	const items: ActionRequest[] = []
	for (;;) {
		const page = (await callApi(terminal, 'GET', `/v1/requests?${query}`)).body as {
			items: ActionRequest[]
			next: string | null
		}
		items.push(...page.items)
		if (page.next === null) return items
		query.set('cursor', page.next)
	}
}

const voteHelp = (
	name: string,
	more: string,
) => `Usage: plumbline ${name} ID --digest sha256:… --reason REASON${more === '' ? '' : ' [--break-glass]'}

Votes to ${name} a request, as the person that PLUMBLINE_KEY belongs to. The digest is that of the action that you have
read (\`plumbline requests ID\` shows it): if the action has changed since, the vote is refused.

  --digest DIGEST   of the action
  --reason REASON   for the record
${more}  --json            for machines

Exit code: 0 the vote counts, 2 it was refused.
`

const voting = { digest: { type: 'string' }, reason: { type: 'string' } } as const

export const approve: Command = {
	help: voteHelp(
		'approve',
		'  --break-glass     one vote is enough, if the policy allows it; an incident is opened for the review\n',
	),
	options: { ...voting, 'break-glass': { type: 'boolean' } },
	run: (terminal, args) => vote(terminal, args, 'approve'),
}

export const reject: Command = {
	help: voteHelp('reject', ''),
	options: voting,
	run: (terminal, args) => vote(terminal, args, 'reject'),
}

async function vote(terminal: Terminal, args: Parsed, kind: 'approve' | 'reject'): Promise<0> {
	const id = requirePositional(args, 0, 'The id of the request')
	const digest = textOption(args, 'digest')
	const reason = textOption(args, 'reason')
	if (digest === undefined) {
		terminal.err(requestText(await read(terminal, id)))
		throw new UsageError('Read the action above, then repeat with its --digest.')
	}
	if (reason === undefined) throw new UsageError('--reason is required: it is kept with the vote.')
	const breakGlass = args.values['break-glass'] === true ? { breakGlass: true } : {}
	const json = { vote: kind, actionDigest: digest, reason, ...breakGlass }
	const answer = await callApi(terminal, 'POST', `${at(id)}/votes`, { json, allow: [403, 404, 409] })
	if (answer.status >= 400) throw await refused(terminal, id, answer.body as { code: string; detail: string })
	const request = answer.body as ActionRequest
	if (args.values.json) terminal.out(`${JSON.stringify(request)}\n`)
	else terminal.out(`${answer.status === 200 ? 'You have voted so before. ' : ''}${outcome(request)}\n`)
	return 0
}

/** The service's words; for another action also how it reads now. */
async function refused(
	terminal: Terminal,
	id: string,
	{ code, detail }: { code: string; detail: string },
): Promise<AppError> {
	if (code === 'digest-changed') terminal.err(requestText(await read(terminal, id)))
	return new AppError('conflict', `The vote was refused (${code}). ${detail}`)
}

function outcome(request: ActionRequest): string {
	const { id, status, plan, executeAfter } = request
	const votes = approvalsText(request)
	if (status === 'pending') return `${id} is pending with ${votes}.`
	if (status === 'approved' && executeAfter !== null)
		return `${id} is approved with ${votes}. It starts at ${executeAfter}; until then \`plumbline requests ${id}\` shows it.`
	if (status === 'rejected') return `${id} is rejected. Nothing was changed.`
	return `${id} is ${status} with ${votes}${plan ? `, carried out by ${plan.executor}` : ''}. \`plumbline requests ${id}\` shows how it goes on.`
}
