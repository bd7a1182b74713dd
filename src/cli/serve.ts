import { startServer } from '../node.ts'
import { jsonLogger } from '../platform/logger.ts'
import type { Command } from './command.ts'

export const serve: Command = {
	help: `Usage: plumbline serve

Serves HTTP on PLUMBLINE_HOST:PLUMBLINE_PORT (127.0.0.1:8787) with the database PLUMBLINE_DATABASE_URL
(file:plumbline.db), and runs the jobs on their schedules. The first key is PLUMBLINE_ADMIN_KEY, or created with
\`plumbline keys create --role admin\`. Ends on SIGINT, SIGTERM or SIGHUP when running requests are finished.

  --json     print its address as one JSON object

Log lines are JSON, on standard error.
`,
	options: {},
	logsWarnings: true,
	async run(terminal, args) {
		const { stopped } = terminal
		const logger = jsonLogger((line) => terminal.err(line), terminal.now, terminal.config.PLUMBLINE_LOG_LEVEL)
		for (const warning of terminal.warnings ?? []) logger.warn(warning)
		const { url, metricsUrl, firstKey, close } = await startServer(terminal.config, { logger })
		if (args.values.json) terminal.out(`${JSON.stringify({ url, metricsUrl, firstKey })}\n`)
		else
			terminal.out(
				`Plumbline listens on ${url}\n  documentation  ${url}/docs\n  database       ${terminal.config.PLUMBLINE_DATABASE_URL}\n`,
			)
		if (metricsUrl !== undefined && !args.values.json) terminal.out(`  metrics        ${metricsUrl}\n`)
		if (firstKey !== undefined && !args.values.json)
			terminal.out(`  first key      ${firstKey}  (role admin; it is not shown again)\n`)
		await stopped
		await close()
		return 0
	},
}
