import { and, eq } from 'drizzle-orm'
import type { Context, Progress } from '../../context.ts'
import { newId } from '../../core/ids.ts'
import type { Change } from '../../db/commit.ts'
import { jobRuns } from '../../db/schema.ts'
import {
	type Busy,
	keepLease,
	type Lease,
	leaseExpired,
	releaseLease,
	takeLease,
	underLease,
} from './lease.ts'
import { noticeJump, scheduleUpsert } from './register-schedules.ts'

/** `scheduled`: started by its schedule, not on request. */
export type RunOptions = { scheduled?: boolean; onProgress?: Progress }

/** A piece of recurring work. */
export type Job = {
	id: string
	/** Five cron fields, UTC. */
	cron: string
	/** The job that uses what this one has done: it starts when this one ends, without waiting for its schedule. */
	followedBy?: string
	/** Whether there is something to do now. It is called each second, so it has to be quick. */
	isDue?(context: Context): Promise<boolean>
	/**
	 * Returns what it did, for the record; throws only if the whole run failed. Two members have a meaning: `failed: [name]`
	 * makes the run a failed one and names what it failed for; `remaining` above 0 makes `runAll` run the job again.
	 */
	run(context: Context, how?: RunOptions): Promise<Record<string, unknown>>
}

export type JobRun = {
	id: string
	job: string
	/** `busy`: another process holds the lease, so nothing was done or recorded. */
	status: 'ok' | 'failed' | 'busy'
	/** Milliseconds since the epoch, as `finishedAt`. */
	startedAt: number
	finishedAt: number
	error?: string
	detail?: Record<string, unknown>
	/** When `busy` and the owner of the lease seems dead: when to try again. */
	retryMs?: number
}

type Outcome = Pick<JobRun, 'finishedAt' | 'error' | 'detail'> & { status: 'ok' | 'failed' }

/**
 * Runs a job under its lease and records the run. A failure is recorded and answered, never thrown. A job that fails for
 * some of its subjects names them in `failed: [name]`, and its run has failed.
 */
export async function runJob(
	context: Context,
	job: Job,
	owner: string,
	how: RunOptions = {},
): Promise<JobRun> {
	const startedAt = context.now()
	const base = { id: newId('run', startedAt, context.random), job: job.id, startedAt }
	let taken: Lease | Busy
	try {
		await noticeJump(context)
		taken = await takeLease(context, job.id, owner, startChanges(context, job, base.id))
	} catch (error) {
		return { ...base, ...failed(context, job.id, error) }
	}
	if (!('fence' in taken)) {
		const { retryMs } = taken
		const busy = { ...base, status: 'busy' as const, finishedAt: startedAt }
		return retryMs === undefined ? busy : { ...busy, retryMs }
	}
	const stopRenewing = keepLease(context, taken)
	const outcome = await attempt(underLease(context, taken), job, how)
	stopRenewing()
	try {
		const kept = await releaseLease(context, taken, [endChange(context, base.id, outcome)])
		// If not, the process that took the lease over has recorded this run as failed.
		return { ...base, ...(kept ? outcome : failed(context, job.id, leaseExpired())) }
	} catch (error) {
		return { ...base, ...failed(context, job.id, error) }
	}
}

/** Starts a run. Runs of this job that still count as running have no process: this one holds the lease. */
function startChanges(context: Context, job: Job, id: string): Change[] {
	const now = context.now()
	const orphans = context.db
		.update(jobRuns)
		.set({ status: 'failed', finishedAt: now, error: 'The process that ran it has ended.' })
		.where(and(eq(jobRuns.job, job.id), eq(jobRuns.status, 'running')))
	const start = context.db.insert(jobRuns).values({ id, job: job.id, startedAt: now, status: 'running' })
	return [{ query: orphans }, { query: start }, { query: scheduleUpsert(job, now) }]
}

function endChange(context: Context, id: string, { status, finishedAt, error, detail }: Outcome): Change {
	const end = { status, finishedAt, error: error ?? null, detail: detail ?? null }
	return { query: context.db.update(jobRuns).set(end).where(eq(jobRuns.id, id)) }
}

async function attempt(context: Context, job: Job, how: RunOptions): Promise<Outcome> {
	try {
		const detail = await job.run(context, how)
		const error = failuresOf(detail)
		const finishedAt = context.now()
		return error === undefined
			? { status: 'ok', finishedAt, detail }
			: { status: 'failed', finishedAt, detail, error }
	} catch (error) {
		return failed(context, job.id, error)
	}
}

function failed(context: Context, job: string, error: unknown): Outcome & { error: string } {
	const message = error instanceof Error ? error.message : String(error)
	context.logger.error('a job failed', {
		job,
		error: message,
		stack: error instanceof Error ? error.stack : undefined,
	})
	return { status: 'failed', finishedAt: context.now(), error: message }
}

const shownFailures = 5

function failuresOf({ failed: names }: Record<string, unknown>): string | undefined {
	if (!Array.isArray(names) || names.length === 0) return undefined
	const more = names.length > shownFailures ? ` and ${names.length - shownFailures} more` : ''
	return `Failed for ${names.slice(0, shownFailures).join(', ')}${more}; the log says why.`
}
