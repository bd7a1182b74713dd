import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../core/errors.ts'
import type { Report } from '../evidence/reports/report.schema.ts'
import { callApi, fetchFile } from './api.ts'
import {
	type Command,
	type Parsed,
	requirePositional,
	type Terminal,
	textOption,
	toTable,
	UsageError,
} from './command.ts'

const formats = ['json', 'html', 'pdf', 'csv', 'zip']

export const report: Command = {
	help: `Usage: plumbline report TEMPLATE [--model MODEL] ABOUT [--format FORMAT] [--out FILE]
       plumbline report ID [--format FORMAT] [--out FILE]

Makes a report for regulators, or fetches one by its id. It is a draft until two other people have approved it
(\`plumbline requests\`). The same report again is the stored one. Needs PLUMBLINE_KEY with the role analyst or auditor.

  --model MODEL          the model
  --from TIME --to TIME  a period, for model-monitoring, bias-audit, post-market; --to is exclusive
  --prediction ID        a decision, for adverse-action, explanation-letter, automated-decision
  --subject ID           a person, for access-export; of all models without --model
  --incident ID          an incident, for serious-incident
  --cut SIZE             as of a checkpoint of the ledger; default the newest
  --format FORMAT        json, html, pdf, csv, or zip with all evidence; default by the ending of --out
  --out FILE             where to write it; json, html and csv otherwise go to standard output
  --json                 prints the record of the report, not the report

Examples:
  plumbline report model-monitoring --model credit-default --from 2026-02-01 --to 2026-03-01 --out february.pdf
  plumbline report adverse-action --model credit-default --prediction 8841 --format html --out notice.html
  plumbline report rep_01kjx2y4v0 --out bundle.zip
`,
	options: {
		model: { type: 'string' },
		from: { type: 'string' },
		to: { type: 'string' },
		prediction: { type: 'string' },
		subject: { type: 'string' },
		incident: { type: 'string' },
		cut: { type: 'string' },
		format: { type: 'string' },
		out: { type: 'string' },
	},
	async run(terminal, args) {
		const name = requirePositional(args, 0, 'The template')
		const out = textOption(args, 'out')
		const format = formatOf(textOption(args, 'format'), out)
		const found = name.startsWith('rep_') ? await read(terminal, name) : await make(terminal, name, args)
		if (args.values.json) terminal.out(`${JSON.stringify(found)}\n`)
		if (format !== undefined) await write(terminal, found, format, out)
		if (!args.values.json) terminal.err(reportText(found, out))
		return 0
	},
}

const at = (id: string) => `/v1/reports/${encodeURIComponent(id)}`

const read = async (terminal: Terminal, id: string): Promise<Report> =>
	(await callApi(terminal, 'GET', at(id))).body as Report

async function make(terminal: Terminal, template: string, args: Parsed): Promise<Report> {
	const [from, to, cut] = ['from', 'to', 'cut'].map((name) => textOption(args, name))
	if ((from === undefined) !== (to === undefined)) throw new UsageError('--from and --to belong together.')
	if (cut !== undefined && !/^\d{1,15}$/.test(cut)) throw new UsageError('--cut: must be a whole number.')
	const json = {
		template,
		model: textOption(args, 'model'),
		predictionId: textOption(args, 'prediction'),
		subject: textOption(args, 'subject'),
		incident: textOption(args, 'incident'),
		...(from === undefined || to === undefined ? {} : { period: { from: timeOf(from), to: timeOf(to) } }),
		...(cut === undefined ? {} : { cut: { size: Number(cut) } }),
	}
	return (await callApi(terminal, 'POST', '/v1/reports', { json })).body as Report
}

/** A day is its beginning, in UTC. */
const timeOf = (text: string) => (/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)

function formatOf(named: string | undefined, out: string | undefined): string | undefined {
	const ending = out?.split('.').at(-1)?.toLowerCase()
	const format = named ?? (ending !== undefined && formats.includes(ending) ? ending : undefined)
	if (format !== undefined && !formats.includes(format))
		throw new UsageError(`--format: must be one of ${formats.join(', ')}.`)
	if (format === undefined && out !== undefined)
		throw new UsageError(`--out ${out} has no ending that is a format: add --format, such as pdf.`)
	if (out === undefined && (format === 'pdf' || format === 'zip'))
		throw new UsageError(`--format ${format} needs --out FILE.`)
	return format
}

async function write(terminal: Terminal, { id }: Report, format: string, out: string | undefined) {
	const response = await fetchFile(terminal, `${at(id)}.${format}`)
	if (out === undefined) return terminal.out(await response.text())
	try {
		await pipeline(Readable.fromWeb(response.body as never), createWriteStream(out))
	} catch (cause) {
		await rm(out, { force: true })
		throw new AppError('unavailable', `${out} could not be written: ${(cause as Error).message}.`, { cause })
	}
}

function reportText(report: Report, out: string | undefined): string {
	const { id, template, model, status, approvers, request, requestStatus } = report
	const sign =
		status === 'approved'
			? `approved by ${approvers.join(' and ')}`
			: `a draft: its request ${request} is ${requestStatus}`
	return `${id}, ${template} of ${model}, is ${sign}.${out === undefined ? '' : ` Written to ${out}.`}\n`
}

export const reports: Command = {
	help: `Usage: plumbline reports [options]

Lists the reports that there are, the latest first. \`plumbline report ID --out FILE\` fetches one. Needs PLUMBLINE_KEY with
the role analyst or auditor.

  --model MODEL        only of this model
  --template TEMPLATE  only of this template
  --status STATUS      draft or approved
  --json               for machines

Example: plumbline reports --model credit-default --status approved
`,
	options: { model: { type: 'string' }, template: { type: 'string' }, status: { type: 'string' } },
	async run(terminal, args) {
		const items = await listAll(terminal, args)
		if (args.values.json) terminal.out(`${JSON.stringify({ items })}\n`)
		else if (items.length === 0) terminal.out('There are no such reports.\n')
		else
			terminal.out(toTable(['REPORT', 'TEMPLATE', 'MODEL', 'PERIOD', 'STATUS', 'CREATED'], items.map(cells)))
		return 0
	},
}

async function listAll(terminal: Terminal, args: Parsed): Promise<Report[]> {
	const query = new URLSearchParams({ limit: '100' })
	for (const name of ['model', 'template', 'status']) {
		const value = textOption(args, name)
		if (value !== undefined) query.set(name, value)
	}
	const items: Report[] = []
	for (;;) {
		const { body } = await callApi(terminal, 'GET', `/v1/reports?${query}`)
		const page = body as { items: Report[]; next: string | null }
		items.push(...page.items)
		if (page.next === null) return items
		query.set('cursor', page.next)
	}
}

const cells = ({ id, template, model, period, status, createdAt }: Report): string[] => [
	...[id, template, model],
	period ? `${period.from.slice(0, 10)} to ${period.to.slice(0, 10)}` : '',
	...[status, createdAt.slice(0, 10)],
]
