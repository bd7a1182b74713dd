import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, defaultPort } from '../config.ts'
import type { Context } from '../context.ts'
import { dayMs } from '../core/time.ts'
import { DemoClient } from '../demo/client.ts'
import { demoModels, postHistory, trickle } from '../demo/history.ts'
import { changeDay, historyDays } from '../demo/lender.ts'
import { invitePeople, rollBack } from '../demo/rollback.ts'
import { DemoSessions } from '../demo/sessions.ts'
import {
	pagesOf,
	readIncidents,
	readPerformance,
	readWhy,
	type Story,
	storyText,
	tryIt,
} from '../demo/story.ts'
import { jobs, runAll } from '../jobs/index.ts'
import { type Overrides, processOwner, type Running, startServer } from '../node.ts'
import { jsonLogger } from '../platform/logger.ts'
import { ledgerKeySource } from '../platform/node/ledger-key.ts'
import type { Command, ExitCode, Parsed, Terminal } from './command.ts'
import { WorkProgress } from './progress.ts'

const tickMs = 200

/** `part`: its share of the whole. `passes`: how often its count starts from zero. */
type Stage = { text: string; part: number; passes: number }

const posting: Stage = { text: 'posting predictions and outcomes', part: 0.25, passes: 1 }
const stages: Record<string, Stage> = {
	compute: { text: 'computing drift, quality, performance and fairness', part: 0.4, passes: 2 },
	attribute: { text: 'explaining samples of the traffic', part: 0.15, passes: 1 },
	'evaluate-rules': { text: 'evaluating rules', part: 0.2, passes: 1 },
}

/** Nearly all predictions of the sixty days have their outcome by now. */
const rowsToPost = 1.9 * historyDays * demoModels.reduce((sum, { rowsPerDay }) => sum + rowsPerDay, 0)

/** Shows the progress of the demo from its first moment. */
export class DemoProgress {
	private readonly shown: WorkProgress
	private readonly timer: ReturnType<typeof setInterval>
	private stage = posting
	private before = 0
	private pass = 0
	private done = 0
	private total = rowsToPost

	constructor(terminal: Terminal, client: DemoClient) {
		this.shown = new WorkProgress(terminal)
		this.draw()
		this.timer = setInterval(() => {
			if (this.stage === posting) this.done = client.posted
			this.draw()
		}, tickMs).unref()
	}

	private draw(): void {
		const { stage, done, total, pass, before } = this
		const share = (pass + (total === 0 ? 0 : Math.min(1, done / total))) / stage.passes
		this.shown.show(before + stage.part * share, stage.text)
	}

	/** Runs all jobs that are due. */
	async runJobs(context: Context): Promise<void> {
		await runAll(context, processOwner, jobs, (job, done, total) => {
			const stage = stages[job]
			if (!stage) return
			if (stage !== this.stage) {
				this.before += this.stage.part
				this.pass = 0
			} else if (done < this.done) this.pass = Math.min(this.pass + 1, stage.passes - 1)
			Object.assign(this, { stage, done, total })
			this.draw()
		})
	}

	end(): void {
		clearInterval(this.timer)
		this.shown.end()
	}
}

/** A temporary folder for the database of the demo, unless one is configured. */
async function place(terminal: Terminal): Promise<{ url: string; clean: () => Promise<void> }> {
	const given = terminal.config.PLUMBLINE_DATABASE_URL
	if (given !== 'file:plumbline.db') return { url: given, clean: async () => {} }
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-demo-'))
	return { url: `file:${join(folder, 'demo.db')}`, clean: () => rm(folder, { recursive: true, force: true }) }
}

/** The default port, or any free one if it is taken and was not configured. */
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

Starts the service on a temporary database, posts sixty days of a simulated lender's traffic over HTTP (two models, about
100,000 predictions), runs the jobs, prints what was found, rolls a model back with the approval of two people, and keeps
serving with some live traffic until Ctrl-C. The printed link lets one browser see the incident and the explanation; the
printed commands let you talk to it as each of three people (plumbline chat). Nothing else is needed, and nothing is left
behind.

PLUMBLINE_PORT, PLUMBLINE_DATABASE_URL and PLUMBLINE_ADMIN_KEY are used if set.

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
			// Its key needs no backup, of which the start of a server warns.
			const ledgerKey = ledgerKeySource(config.PLUMBLINE_LEDGER_KEY, config.PLUMBLINE_DATABASE_URL)
			if (ledgerKey?.create && (await ledgerKey.read()) === undefined) await ledgerKey.create()
			const server = await startOnFreePort(config, { logger, sessions })
			try {
				const work = demonstrate(terminal, args, { server, sessions, key, stopped })
				// Ctrl-C ends the demo at once, also while it computes.
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
			`Plumbline serves on ${server.context.publicUrl}\nPosting sixty days of a lender's traffic:\n`,
		)
	const story = await makeStory(terminal, client, demo)
	const pages = pagesOf(story)
	const browser = { name: 'demo link', role: 'analyst', expires: '1d' }
	const { secret } = await client.call<{ secret: string }>('POST', '/v1/keys', browser)
	const link = `${story.url}/demo/${sessions.issue(secret, pages)}`
	if (values.json) terminal.out(`${JSON.stringify({ ...story, link })}\n`)
	else terminal.out(storyText(story))
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
		const people = await invitePeople(client)
		const rollback = await rollBack(client, people)
		return {
			url: server.context.publicUrl,
			key,
			...history,
			seconds: (terminal.now() - began) / 1000,
			changedAt: history.firstDay + changeDay * dayMs,
			incidents,
			performance,
			why,
			people,
			rollback,
		}
	} finally {
		progress.end()
	}
}
