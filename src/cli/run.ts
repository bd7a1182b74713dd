import { existsSync } from 'node:fs'
import { ownRules, rulesInForce } from '../alerting/alert/rules-in-force.ts'
import type { Context } from '../context.ts'
import { sleep } from '../core/retry.ts'
import { jobs, runAll, runJobById } from '../jobs/index.ts'
import type { JobRun } from '../jobs/run/run-job.ts'
import { processOwner } from '../node.ts'
import { readTokenKeys } from '../slack/install/token-cipher.ts'
import { connectSlack } from '../slack/open-slack.ts'
import { type Command, requirePositional, type Terminal } from './command.ts'
import { withContext } from './with-context.ts'

/** Their ids, as many as one line has room for. */
const listed = (from: number, to?: number) =>
	jobs
		.slice(from, to)
		.map((job) => job.id)
		.join(', ')

export const run: Command = {
	help: `Usage: plumbline run JOB|all

Runs a job once, on the database PLUMBLINE_DATABASE_URL. \`all\` runs all jobs that are due, in order. Safe while the
service runs: a job runs in one process at a time, and the rules are those of the service.

Jobs: ${listed(0, 9)},
      ${listed(9)}

  --json     for machines

Exit code: 0 success, 1 a job failed, 2 the job could not be run.
`,
	options: {},
	async run(terminal, args) {
		const id = requirePositional(args, 0, 'The job')
		const runs = await withContext(terminal, async (context) => {
			const { PLUMBLINE_TOKEN_KEY: keys = [] } = terminal.config
			connectSlack(context, terminal.config, await readTokenKeys(keys, context.readSecret))
			if (id === 'all' || id === 'evaluate-rules') await warnOfOtherRules(terminal, context)
			return id === 'all' ? runAll(context, processOwner) : [await runOne(context, id)]
		})
		if (args.values.json) terminal.out(`${JSON.stringify({ runs })}\n`)
		else {
			for (const r of runs) {
				const detail = r.error ?? detailText(r.detail ?? {})
				terminal.out(
					`${r.job.padEnd(16)} ${r.status.padEnd(7)} ${String(r.finishedAt - r.startedAt).padStart(6)} ms  ${detail}\n`,
				)
			}
		}
		return runs.every((r) => r.status === 'ok') ? 0 : 1
	},
}

/** After a crash, the lease of a job has to expire before it can run again. */
async function runOne(context: Context, id: string): Promise<JobRun> {
	const run = await runJobById(context, id, processOwner)
	if (run.retryMs === undefined) return run
	await sleep(run.retryMs)
	return runJobById(context, id, processOwner)
}

/** Warns about a folder of rules that is not used. */
async function warnOfOtherRules(terminal: Terminal, context: Context): Promise<void> {
	const { PLUMBLINE_RULES: folder } = terminal.config
	const own = existsSync(folder) ? ownRules(context) : undefined
	if (!own) return
	const { digest } = await rulesInForce(context)
	if (own.digest !== digest)
		terminal.err(
			`The rules of the service are used (sha256:${digest.slice(0, 12)}). Those in ${folder} differ and are ignored.\n`,
		)
}

const maxNamed = 3

/** The details of a run in words: counts, and lists by length and first names. Empty nested parts are left out. */
function detailText(detail: object, isNested = false): string {
	return Object.entries(detail)
		.flatMap(([name, value]): string[] => {
			const words = name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)
			if (Array.isArray(value)) {
				if (isNested && value.length === 0) return []
				const named = value.slice(0, maxNamed).map((v) => (typeof v === 'string' ? v : JSON.stringify(v)))
				const more = value.length > named.length ? ' …' : ''
				return [`${words} ${value.length}${named.length > 0 ? `: ${named.join('; ')}${more}` : ''}`]
			}
			if (typeof value !== 'object' || value === null) return isNested && !value ? [] : [`${words} ${value}`]
			const inner = detailText(value, true)
			return inner === '' ? [] : [`${words} (${inner})`]
		})
		.join(', ')
}
