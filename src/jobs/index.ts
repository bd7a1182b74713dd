import { actions } from '../alerting/actions.ts'
import { evaluateAll } from '../alerting/alert/evaluate-all.ts'
import { metricSources } from '../alerting/alert/sources.ts'
import type { Context, Progress } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { sleep } from '../core/retry.ts'
import { replayDue } from '../decisions/replay/replay-due.ts'
import { reviewAccess } from '../evidence/access/review-access.ts'
import { runClocks } from '../evidence/clocks/run-clocks.ts'
import { deleteDue } from '../evidence/erasure/delete-due.ts'
import { finishErasures } from '../evidence/erasure/erase-subject.ts'
import { anchorCheckpoint } from '../evidence/ledger/anchors.ts'
import { checkpoint, newestCheckpoint, pruneCheckpoints } from '../evidence/ledger/checkpoint.ts'
import { verifyOwnLedger } from '../evidence/ledger/verify-own-ledger.ts'
import { makeScheduledReports } from '../evidence/reports/scheduled-reports.ts'
import { checkTargets } from '../execution/check-targets.ts'
import { executeDue, hasDue } from '../execution/execute-due.ts'
import { allModels } from '../registry/model/find-model.ts'
import { deleteOldPictures } from '../slack/delivery/share-picture.ts'
import { pruneForms } from '../slack/forms/form.ts'
import { pruneChoices } from '../slack/questions/choice.ts'
import { pruneQuestions } from '../slack/questions/question.ts'
import { attribute } from './attribute.ts'
import { compute } from './compute.ts'
import { deliver } from './deliver.ts'
import { pruneRuns } from './run/recorded-runs.ts'
import { type Job, type JobRun, type RunOptions, runJob } from './run/run-job.ts'

/** Merges the small pieces that ingest leaves: summary deltas of changed hours, and small chunks. */
export const rollUp = {
	id: 'roll-up',
	cron: '*/5 * * * *',
	run: async (context: Context) => ({ folded: await context.log.compact() }),
} satisfies Job

/** Replays a sample of each changed day's predictions, so that a mismatch is found before somebody asks why. */
export const replay = {
	id: 'replay',
	cron: '23 * * * *',
	run: async (context: Context, { onProgress }: RunOptions = {}) => ({
		...(await replayDue(context, onProgress)),
	}),
} satisfies Job

/** Evaluates the rules on computed windows and on the state of feeds and jobs; opens, updates and resolves incidents. */
export const evaluateRules = {
	id: 'evaluate-rules',
	cron: '* * * * *',
	// What was carried out for an incident is verified by the rule that fired.
	followedBy: 'execute',
	run: async (context: Context, { scheduled = false, onProgress }: RunOptions = {}) => ({
		...(await evaluateAll(context, actions, metricSources, { waitForBackfill: scheduled, onProgress })),
	}),
} satisfies Job

/**
 * Moves rows past their model's retention to Parquet files, and deletes old job runs, questions, forms and pictures. A model that
 * fails does not stop the others.
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
		await pruneForms(context)
		await pruneChoices(context)
		const deletedPictures = await deleteOldPictures(context)
		return { archivedRows, deletedPictures, failed }
	},
} satisfies Job

/**
 * Deletes rows and reports that are older than their models say, and finishes erasures that a process has left behind. Each
 * night, since free pages of the database are overwritten.
 */
export const deleteOld = {
	id: 'delete-due',
	cron: '47 2 * * *',
	run: async (context: Context) => {
		const finishedErasures = await finishErasures(context)
		return { ...(await deleteDue(context)), finishedErasures }
	},
} satisfies Job

/** Carries out approved requests: those whose time has come, that a process left behind, or that wait for windows. */
export const execute = {
	id: 'execute',
	cron: '* * * * *',
	isDue: hasDue,
	run: async (context: Context) => ({ ...(await executeDue(context)), ...(await context.answerGates?.()) }),
} satisfies Job

/** Reads what serves at the targets of other executors than the pointer, and compares it with the deployments. */
export const checkServing = {
	id: 'check-targets',
	cron: '2-59/5 * * * *',
	run: async (context: Context) => ({ ...(await checkTargets(context)) }),
} satisfies Job

/** Records who has access each quarter, and asks people to look at it. */
export const accessReview = {
	id: 'review-access',
	cron: '41 6 * * *',
	run: async (context: Context) => ({ ...(await reviewAccess(context)) }),
} satisfies Job

/** Signs what was added to the ledger. */
export const signLedger = {
	id: 'checkpoint',
	cron: '* * * * *',
	run: async (context: Context) => {
		if (!context.ledgerKey) return { signed: 0 }
		const before = await newestCheckpoint(context)
		const made = await checkpoint(context)
		await pruneCheckpoints(context)
		return { signed: (made?.size ?? 0) - (before?.size ?? 0), size: made?.size ?? 0 }
	},
} satisfies Job

/** Leaves the newest checkpoint with others, each day. */
export const anchor = {
	id: 'anchor',
	cron: '7 0 * * *',
	run: async (context: Context) => (context.ledgerKey ? anchorCheckpoint(context) : { size: 0 }),
} satisfies Job

/** Verifies the whole ledger, and what its entries commit to, each day. */
export const verifyEvidence = {
	id: 'verify-ledger',
	cron: '37 3 * * *',
	run: async (context: Context) => verifyOwnLedger(context),
} satisfies Job

/** Opens an incident for each legal clock that is about to lapse, and resolves it once what was due has been made. */
export const clocks = {
	id: 'clocks',
	cron: '11 * * * *',
	run: (context: Context) => runClocks(context),
} satisfies Job

/** Makes the reports of the last month or quarter that `approvals.yaml` asks for, and requests their approval. */
export const scheduledReports = {
	id: 'reports',
	cron: '47 * * * *',
	run: async (context: Context) => ({ ...(await makeScheduledReports(context)) }),
} satisfies Job

/** All jobs, in the order of `plumbline run all`: each uses what the ones before it have done. */
export const jobs = [
	rollUp,
	compute,
	attribute,
	replay,
	evaluateRules,
	execute,
	checkServing,
	clocks,
	deliver,
	retention,
	deleteOld,
	accessReview,
	signLedger,
	scheduledReports,
	anchor,
	verifyEvidence,
] satisfies Job[]

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
 * Runs all jobs in order, and each one again while it has more to do. Returns every run. `onProgress` is called when a job
 * starts, and as it proceeds.
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

/** Waits for the lease: a running service can hold it for a moment, and a dead process until it expires. */
async function waitAndRun(context: Context, job: Job, owner: string, how: RunOptions): Promise<JobRun> {
	for (let n = 1; ; n++) {
		const run = await runJob(context, job, owner, how)
		if (run.status !== 'busy' || n === tries) return run
		await sleep(pauseMs)
	}
}
