import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dayMs } from '../core/time.ts'
import { DemoClient } from '../demo/client.ts'
import { postHistory } from '../demo/history.ts'
import { changeDay } from '../demo/lender.ts'
import { readIncidents, readPerformance, readWhy, tell } from '../demo/story.ts'
import { trickle } from '../demo/trickle.ts'
import { runAll } from '../jobs/index.ts'
import { jsonLogger } from '../logger.ts'
import { processOwner, startServer } from '../node.ts'
import type { Command, Terminal } from './command.ts'

/** A folder of its own for the demo's database, unless the person has named one. */
async function place(terminal: Terminal): Promise<{ url: string; clean: () => Promise<void> }> {
	const given = terminal.config.PLUMBLINE_DATABASE_URL
	if (given !== 'file:plumbline.db') return { url: given, clean: async () => {} }
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-demo-'))
	return { url: `file:${join(folder, 'demo.db')}`, clean: () => rm(folder, { recursive: true, force: true }) }
}

export const demo: Command = {
	help: `Usage: plumbline demo

Starts the service on a database of its own, posts sixty days of a simulated lender's traffic over HTTP (two models, about
100,000 predictions), runs the jobs, tells what was found, and goes on serving with a trickle of live traffic until it is
ended (Ctrl-C). Nothing else is needed, and nothing is left behind.

PLUMBLINE_PORT, PLUMBLINE_DATABASE_URL and PLUMBLINE_ADMIN_KEY are honoured.

  --exit     stop after the story
  --json     the story as one JSON object
`,
	options: { exit: { type: 'boolean' } },
	async run(terminal, args) {
		const { stopped } = terminal
		const { url: database, clean } = await place(terminal)
		const key = terminal.config.PLUMBLINE_ADMIN_KEY ?? `demo-${randomBytes(12).toString('hex')}`
		const config = { ...terminal.config, PLUMBLINE_DATABASE_URL: database, PLUMBLINE_ADMIN_KEY: key }
		const logger = jsonLogger((line) => terminal.err(line), terminal.now, 'warn')
		try {
			const server = await startServer(config, { logger })
			try {
				const began = terminal.now()
				if (!args.values.json)
					terminal.out(`Plumbline serves on ${server.url}. Posting sixty days of a lender's traffic …\n`)
				const client = new DemoClient(server.url, key, server.context.fetch)
				const history = await postHistory(client, began)
				await runAll(server.context, processOwner)
				const incidents = await readIncidents(client)
				const performance = await readPerformance(client)
				const why = await readWhy(client, history.declined)
				const seconds = (terminal.now() - began) / 1000
				const story = {
					url: server.url,
					key,
					...history,
					seconds,
					changedAt: history.firstDay + changeDay * dayMs,
					incidents,
					performance,
					why,
				}
				terminal.out(args.values.json ? `${JSON.stringify(story)}\n` : tell(story))
				if (args.values.exit) return 0
				if (!args.values.json) terminal.out('Live traffic goes on. Ctrl-C ends it.\n')
				await trickle(client, server.context, stopped)
				return 0
			} finally {
				await server.close()
			}
		} finally {
			await clean()
		}
	},
}
