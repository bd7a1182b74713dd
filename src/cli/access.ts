import type { AccessRecord } from '../evidence/access/access.schema.ts'
import { csvOf } from '../evidence/reports/period/section.ts'
import { callApi } from './api.ts'
import type { Command } from './command.ts'

const columns = [
	'actor',
	'name',
	'owner',
	'role',
	'models',
	'createdAt',
	'expiresAt',
	'lastUsedAt',
	'isUnused',
] as const

const cells = (record: AccessRecord) =>
	columns.map((column) => (column === 'models' ? record.models.join(' ') : record[column]))

export const access: Command = {
	help: `Usage: plumbline access [--unused] [--json]

Who has which role, and when they last used it, as CSV: active keys and mapped Slack users in the scope of your key. Needs
PLUMBLINE_KEY with the role auditor or admin.

  --unused   only those that have not been used for 90 days
  --json     for machines

Example: plumbline access > access.csv
`,
	options: { unused: { type: 'boolean' } },
	async run(terminal, args) {
		const { items: all } = (await callApi(terminal, 'GET', '/v1/access')).body as { items: AccessRecord[] }
		const items = args.values.unused ? all.filter((record) => record.isUnused) : all
		if (args.values.json) terminal.out(`${JSON.stringify({ items })}\n`)
		else terminal.out(csvOf({ columns: [...columns], rows: items.map(cells) }))
		return 0
	},
}
