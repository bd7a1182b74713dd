import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, defaultPort } from '../config.ts'
import { dayMs } from '../core/time.ts'
import { DemoClient } from '../demo/client.ts'
import { postHistory } from '../demo/history.ts'
import { changeDay } from '../demo/lender.ts'
import { DemoSessions } from '../demo/sessions.ts'
import { pagesOf, readIncidents, readPerformance, readWhy, type Story, tell, tryIt } from '../demo/story.ts'
import { trickle } from '../demo/trickle.ts'
import { type Overrides, type Running, startServer } from '../node.ts'
import { jsonLogger } from '../platform/logger.ts'
import type { Command, ExitCode, Parsed, Terminal } from './command.ts'
import { DemoProgress } from './demo-progress.ts'

/** A folder of its own for the demo's database, unless the person has named one. */
async function place(terminal: Terminal): Promise<{ url: string; clean: () => Promise<void> }> {
	const given = terminal.config.PLUMBLINE_DATABASE_URL
	if (given !== 'file:plumbline.db') return { url: given, clean: async () => {} }
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-demo-'))
	return { url: `file:${join(folder, 'demo.db')}`, clean: () => rm(folder, { recursive: true, force: true }) }
}

/** The usual port, or any free one when something listens there and nobody has asked for that port. */
async function startOnFreePort(config: Config, overrides: Overrides): Promise<Running> {
	try {
		return await startServer(config, overrides)
	} catch (error) {
		const isTaken = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
		if (!isTaken || config.PLUMBLINE_PORT !== defaultPort) throw error
		return startServer({ ...config, PLUMBLINE_PORT: 0 }, overrides)
	}
}

export const demo: Command = {
	help: `Usage: plumbline demo

Starts the service on a database of its own, posts sixty days of a simulated lender's traffic over HTTP (two models, about
100,000 predictions), runs the jobs, tells what was found, and goes on serving with a trickle of live traffic until it is
ended (Ctrl-C). The link that it ends with lets one browser see the incident and the explanation. Nothing else is needed,
and nothing is left behind.

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
		const sessions = new DemoSessions(terminal.now)
		try {
			const server = await startOnFreePort(config, { logger, sessions })
			try {
				const work = demonstrate(terminal, args, { server, sessions, key, stopped })
				// Ctrl-C ends it at once, also while it is still computing.
				return await Promise.race([work, stopped.then((): ExitCode => 0)])
			} finally {
				await server.close()
			}
		} finally {
			await clean()
		}
	},
}

type Demo = { server: Running; sessions: DemoSessions; key: string; stopped: Promise<void> }

async function demonstrate(terminal: Terminal, { values }: Parsed, demo: Demo): Promise<ExitCode> {
	const { server, sessions, key, stopped } = demo
	const client = new DemoClient(server.url, key, server.context.fetch)
	if (!values.json)
		terminal.out(
			`Plumbline serves on ${server.context.publicUrl}\nSixty days of a lender's traffic come in:\n`,
		)
	const story = await makeStory(terminal, client, demo)
	const pages = pagesOf(story)
	const browser = { name: 'demo link', role: 'analyst', expires: '1d' }
	const { secret } = await client.call<{ secret: string }>('POST', '/v1/keys', browser)
	const link = `${story.url}/demo/${sessions.issue(secret, pages)}`
	if (values.json) terminal.out(`${JSON.stringify({ ...story, link })}\n`)
	else terminal.out(tell(story))
	if (values.exit) return 0
	if (!values.json) terminal.out(tryIt(story, link, pages))
	await trickle(client, server.context, stopped)
	return 0
}

async function makeStory(terminal: Terminal, client: DemoClient, { server, key }: Demo): Promise<Story> {
	const began = terminal.now()
	const progress = new DemoProgress(terminal, client)
	try {
		const history = await postHistory(client, began)
		await progress.runJobs(server.context)
		const incidents = await readIncidents(client)
		const performance = await readPerformance(client)
		const why = await readWhy(client, history.declined)
		return {
			url: server.context.publicUrl,
			key,
			...history,
			seconds: (terminal.now() - began) / 1000,
			changedAt: history.firstDay + changeDay * dayMs,
			incidents,
			performance,
			why,
		}
	} finally {
		progress.end()
	}
}
