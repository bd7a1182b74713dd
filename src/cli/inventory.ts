import type { InventoryItem } from '../evidence/inventory/inventory.schema.ts'
import { callApi } from './api.ts'
import { type Command, requirePositional, textOption, toTable, UsageError } from './command.ts'

type Page = { items: InventoryItem[]; next: string | null }

export const inventory: Command = {
	help: `Usage: plumbline inventory [--format csv|json]

Lists all models of the service at PLUMBLINE_URL in the scope of PLUMBLINE_KEY: owner, risk tier, what serves where,
when they were validated, when they are due for review, and how many incidents are open. Any role but ingest.

  --format csv    for a spreadsheet: with task, purpose and versions too
  --format json   for machines, as is --json

Example: plumbline inventory --format csv > inventory.csv
`,
	options: { format: { type: 'string' } },
	async run(terminal, args) {
		const format = textOption(args, 'format') ?? (args.values.json ? 'json' : 'table')
		if (!['csv', 'json', 'table'].includes(format)) throw new UsageError('--format must be csv or json.')
		if (format === 'csv') {
			terminal.out((await callApi(terminal, 'GET', '/v1/inventory?format=csv')).body as string)
			return 0
		}
		const items: InventoryItem[] = []
		let next: string | null = ''
		while (next !== null) {
			const cursor: string = next === '' ? '' : `&cursor=${next}`
			const { body } = await callApi(terminal, 'GET', `/v1/inventory?limit=1000${cursor}`)
			items.push(...(body as Page).items)
			next = (body as Page).next
		}
		if (format === 'json') terminal.out(`${JSON.stringify({ items })}\n`)
		else
			terminal.out(
				toTable(
					['model', 'owner', 'tier', 'serving', 'validated', 'next review', 'open incidents'],
					items.map((i) => [
						...[i.model, i.owner ?? '', i.riskTier ?? ''],
						Object.entries(i.serving)
							.map(([environment, version]) => `${environment}=${version}`)
							.join(' '),
						...[i.validatedAt?.slice(0, 10) ?? 'never', i.nextReview?.slice(0, 10) ?? 'not set'],
						String(i.openIncidents),
					]),
				),
			)
		return 0
	},
}

export const card: Command = {
	help: `Usage: plumbline card MODEL@VERSION [--format md|html]

Prints the model card of a version, with the headings of "Model Cards for Model Reporting": from what is registered and
computed, with what is not known. Any role but ingest.

  --format md|html   default md

Example: plumbline card credit-risk@1 > card.md
`,
	options: { format: { type: 'string' } },
	async run(terminal, args) {
		const name = requirePositional(args, 0, 'MODEL@VERSION')
		const format = textOption(args, 'format') ?? 'md'
		if (!['md', 'html'].includes(format)) throw new UsageError('--format must be md or html.')
		const [model, version, ...rest] = name.split('@')
		if (!model || !version || rest.length > 0)
			throw new UsageError('The version must be named as MODEL@VERSION, such as credit-risk@1.')
		const path = `/v1/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/card.${format}`
		const { body } = await callApi(terminal, 'GET', path)
		terminal.out(typeof body === 'string' ? body : JSON.stringify(body))
		return 0
	},
}
