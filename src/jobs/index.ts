import type { Context, Progress } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { attribute } from './attribute.ts'
import { compute } from './compute.ts'
import { deliver } from './deliver.ts'
import { evaluateRules } from './evaluate-rules.ts'
import type { Job, RunOptions } from './job.ts'
import { replay } from './replay.ts'
import { retention } from './retention.ts'
import { rollUp } from './roll-up.ts'
import { type JobRun, runJob } from './run/run-job.ts'

/** In the order in which `plumbline run all` takes them: each feeds the next. */
export const jobs = [rollUp, compute, attribute, replay, evaluateRules, deliver, retention] satisfies Job[]

/** Runs one job by its id. Throws `not-found` with the nearest id. */
export async function runJobById(
	context: Context,
	id: string,
	owner: string,
	how: RunOptions = {},
): Promise<JobRun> {
	const job: Job | undefined = jobs.find((j) => j.id === id)
	if (job) return runJob(context, job, owner, how)
	const ids = jobs.map((j) => j.id)
	const near = nearest(id, ids)
	throw new AppError(
		'not-found',
		`There is no job "${id}". ${near ? `Did you mean "${near}"?` : `There are ${ids.join(', ')}.`}`,
	)
}

const maxRounds = 1000

/**
 * Everything that is due, in order: a job that says that there is more to do runs again. Answers every run. `onProgress`
 * is called with each job's id when it starts, and as its work goes on.
 */
export async function runAll(
	context: Context,
	owner: string,
	list: readonly Job[] = jobs,
	onProgress: (job: string, ...progress: Parameters<Progress>) => void = () => {},
): Promise<JobRun[]> {
	const runs: JobRun[] = []
	for (const job of list) {
		onProgress(job.id, 0, 0)
		const how: RunOptions = { onProgress: (done, total) => onProgress(job.id, done, total) }
		for (let round = 0; round < maxRounds; round++) {
			const run = await waitAndRun(context, job, owner, how)
			runs.push(run)
			if (run.status !== 'ok' || !(Number(run.detail?.remaining ?? 0) > 0)) break
		}
	}
	return runs
}

const tries = 240
const pauseMs = 500

/** Beside a running service its own schedule may hold the lease for a moment, and a dead process until it runs out. */
async function waitAndRun(context: Context, job: Job, owner: string, how: RunOptions): Promise<JobRun> {
	for (let n = 1; ; n++) {
		const run = await runJob(context, job, owner, how)
		if (run.status !== 'busy' || n === tries) return run
		await new Promise((resolve) => setTimeout(resolve, pauseMs))
	}
}
