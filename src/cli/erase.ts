import type { Erasure, Hold } from '../evidence/erasure/erasure.schema.ts'
import { callApi } from './api.ts'
import {
	type Command,
	listOption,
	type Parsed,
	requireOption,
	requirePositional,
	type Terminal,
	textOption,
	toTable,
	UsageError,
} from './command.ts'

export const erase: Command = {
	help: `Usage: plumbline erase SUBJECT --reason REASON [--model MODEL]…

Destroys the values of all predictions of a subject, with their features, outcomes and groups, and whatever else was stored
about them. It returns when the values are in no file any more. Needs PLUMBLINE_KEY with the role admin.

  --reason REASON   for the ledger, which keeps it for good: it must not name the subject
  --model MODEL     only in this model; can be repeated; default every model in the scope of the key
  --json            for machines

Exit code: 0 erased, also if there was nothing; 2 refused, as by a legal hold.

Example: plumbline erase applicant-4711 --reason 'request under Art. 17 GDPR'
`,
	options: { reason: { type: 'string' }, model: { type: 'string', multiple: true } },
	async run(terminal, args) {
		const subject = requirePositional(args, 0, 'The subject')
		const models = listOption(args, 'model')
		const json = { reason: requireOption(args, 'reason'), ...(models.length > 0 ? { models } : {}) }
		const path = `/v1/subjects/${encodeURIComponent(subject)}/erase`
		const erasure = (await callApi(terminal, 'POST', path, { json })).body as Erasure
		if (args.values.json) terminal.out(`${JSON.stringify(erasure)}\n`)
		else terminal.out(`${erasureText(erasure)}\n`)
		return 0
	},
}

function erasureText({ counts, entry }: Erasure): string {
	const parts = Object.entries(counts).filter(([, count]) => count > 0)
	const what = parts.map(([kind, count]) => `${count} ${kind}`).join(', ')
	return `${parts.length === 0 ? 'There was nothing to erase' : `Erased: ${what}`}. The ledger has it as entry ${entry}.`
}

export const hold: Command = {
	help: `Usage: plumbline hold add --subject SUBJECT | --model MODEL --reason REASON [--until TIME]
       plumbline hold list
       plumbline hold remove ID

Legal holds: until a hold ends, what it covers is neither erased nor deleted by retention. Needs PLUMBLINE_KEY with the role
auditor.

  --subject SUBJECT   the subject, in the models in the scope of the key
  --model MODEL       the whole model
  --reason REASON     for the ledger, which keeps it for good: it must not name the subject
  --until TIME        when the hold ends, such as 2027-03-01T00:00:00Z; default when it is removed
  --json              for machines

Example: plumbline hold add --subject applicant-4711 --reason 'litigation 12-345'
`,
	options: {
		subject: { type: 'string' },
		model: { type: 'string' },
		reason: { type: 'string' },
		until: { type: 'string' },
	},
	async run(terminal, args) {
		const [verb] = args.positionals
		if (verb === 'add') return add(terminal, args)
		if (verb === 'list') return list(terminal, args)
		if (verb === 'remove') return remove(terminal, args)
		throw new UsageError('Say `hold add`, `hold list` or `hold remove`.')
	},
}

async function add(terminal: Terminal, args: Parsed): Promise<0> {
	const [subject, model, until] = ['subject', 'model', 'until'].map((name) => textOption(args, name))
	if ((subject === undefined) === (model === undefined))
		throw new UsageError('Give exactly one of --subject and --model.')
	const json = { subject, model, until, reason: requireOption(args, 'reason') }
	const made = (await callApi(terminal, 'POST', '/v1/holds', { json })).body as Hold
	terminal.out(args.values.json ? `${JSON.stringify(made)}\n` : `${made.id} is in force.\n`)
	return 0
}

async function list(terminal: Terminal, args: Parsed): Promise<0> {
	const { items } = (await callApi(terminal, 'GET', '/v1/holds?limit=1000')).body as { items: Hold[] }
	if (args.values.json) terminal.out(`${JSON.stringify({ items })}\n`)
	else
		terminal.out(
			toTable(
				['id', 'status', 'covers', 'until', 'reason'],
				items.map((h) => [
					...[h.id, h.status, h.model === null ? `subject ${h.subject ?? '(ended)'}` : `model ${h.model}`],
					...[h.until ?? 'removed', h.reason],
				]),
			),
		)
	return 0
}

async function remove(terminal: Terminal, args: Parsed): Promise<0> {
	const id = requirePositional(args, 1, 'The id of the hold')
	const ended = (await callApi(terminal, 'DELETE', `/v1/holds/${encodeURIComponent(id)}`)).body as Hold
	terminal.out(args.values.json ? `${JSON.stringify(ended)}\n` : `${ended.id} has ended.\n`)
	return 0
}
