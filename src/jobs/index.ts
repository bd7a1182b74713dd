import { actions } from '../alerting/actions.ts'
import { evaluateAll } from '../alerting/alert/evaluate-all.ts'
import { metricSources } from '../alerting/alert/sources.ts'
import type { Context, Progress } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { replayDue } from '../decisions/replay/replay-due.ts'
import { allModels } from '../registry/model/find-model.ts'
import { deleteOldPictures } from '../slack/delivery/share-picture.ts'
import { pruneQuestions } from '../slack/questions/question.ts'
import { attribute } from './attribute.ts'
import { compute } from './compute.ts'
import { deliver } from './deliver.ts'
import { pruneRuns } from './run/recorded-runs.ts'
import { type Job, type JobRun, type RunOptions, runJob } from './run/run-job.ts'

/** Folds the small pieces that ingest leaves: profile deltas of changed windows, and small chunks. */
export const rollUp = {
	id: 'roll-up',
	cron: '*/5 * * * *',
	run: async (context: Context) => ({ folded: await context.log.compact() }),
} satisfies Job

/** Replays a sample of each changed day's predictions, so that a mismatch is found before somebody asks. */
export const replay = {
	id: 'replay',
	cron: '23 * * * *',
	run: async (context: Context, { onProgress }: RunOptions = {}) => ({
		...(await replayDue(context, onProgress)),
	}),
} satisfies Job

/** Judges what was computed, and the state of feeds and jobs; opens, updates and resolves incidents. */
export const evaluateRules = {
	id: 'evaluate-rules',
	cron: '* * * * *',
	run: async (context: Context, { scheduled = false, onProgress }: RunOptions = {}) => ({
		...(await evaluateAll(context, actions, metricSources, { isPatient: scheduled, onProgress })),
	}),
} satisfies Job

/**
 * Moves rows past their model's retention to Parquet files and forgets old records of our own. One model that fails
 * does not stop the others.
 */
export const retention = {
	id: 'retention',
	cron: '17 * * * *',
	run: async (context: Context) => {
		let archivedRows = 0
		const failed: string[] = []
		for (const { name, retentionMs } of await allModels(context)) {
			try {
				archivedRows += await context.log.archive(name, context.now() - retentionMs)
			} catch (error) {
				failed.push(name)
				context.logger.error('a model could not be archived', { model: name, error: String(error) })
			}
		}
		await pruneRuns(context)
		await pruneQuestions(context)
		const deletedPictures = await deleteOldPictures(context)
		return { archivedRows, deletedPictures, failed }
	},
} satisfies Job

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
