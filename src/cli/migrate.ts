import { migrateDatabase } from '../node.ts'
import type { Command } from './command.ts'

export const migrate: Command = {
	help: `Usage: plumbline migrate

Applies pending migrations to the database PLUMBLINE_DATABASE_URL. \`serve\` does the same when it starts.

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		const applied = await migrateDatabase(terminal.config)
		if (args.values.json) terminal.out(`${JSON.stringify({ applied })}\n`)
		else
			terminal.out(
				applied.length === 0
					? 'The database is up to date.\n'
					: applied.map((name) => `applied ${name}\n`).join(''),
			)
		return 0
	},
}
