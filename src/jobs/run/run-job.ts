import { and, eq } from 'drizzle-orm'
import type { Context, Progress } from '../../context.ts'
import { newId } from '../../core/ids.ts'
import type { Change } from '../../db/commit.ts'
import { jobRuns } from '../../db/schema.ts'
import { type Busy, keepLease, type Lease, lostLease, releaseLease, takeLease, underLease } from './lease.ts'
import { noticeJump, scheduleUpsert } from './register-schedules.ts'

/** `scheduled`: by the clock, not because somebody asked for it now. */
export type RunOptions = { scheduled?: boolean; onProgress?: Progress }

/** A piece of recurring work. */
export type Job = {
	id: string
	/** Five cron fields, UTC. */
	cron: string
	/**
	 * Answers what it did, for the record; throws only when the whole run failed. Two members mean something to who runs
	 * it: `failed: [name]` makes it a failed run that says for what; `remaining` above 0 says that there is more to do
	 * right away.
	 */
	run(context: Context, how?: RunOptions): Promise<Record<string, unknown>>
}

/** What can be run; the registry of jobs has them. */
export type Runnable = {
	id: string
	cron: string
	run(context: Context, how?: RunHow): Promise<Record<string, unknown>>
}

type RunHow = { scheduled?: boolean; onProgress?: Progress }

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
	/** Of a busy one whose holder seems to have died: when that will be known. */
	retryMs?: number
}

type Outcome = Pick<JobRun, 'finishedAt' | 'error' | 'detail'> & { status: 'ok' | 'failed' }

/**
 * Runs a job under its lease and records the run. A failure is recorded and answered, never thrown. A job that went
 * wrong for a part of its subjects answers them in `failed: [name]`; its run is then a failed one.
 */
export async function runJob(
	context: Context,
	job: Runnable,
	owner: string,
	how: RunHow = {},
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
	const letGo = keepLease(context, taken)
	const outcome = await attempt(underLease(context, taken), job, how)
	letGo()
	try {
		const kept = await releaseLease(context, taken, [endChange(context, base.id, outcome)])
		// Otherwise its record says already that it failed: whoever took the lease over wrote so.
		return { ...base, ...(kept ? outcome : failed(context, job.id, lostLease())) }
	} catch (error) {
		return { ...base, ...failed(context, job.id, error) }
	}
}

/** Who holds the lease knows that runs of this job which still count as running have lost their process. */
function startChanges(context: Context, job: Runnable, id: string): Change[] {
	const now = context.now()
	const orphans = context.db
		.update(jobRuns)
		.set({ status: 'failed', finishedAt: now, error: 'The process that ran it ended.' })
		.where(and(eq(jobRuns.job, job.id), eq(jobRuns.status, 'running')))
	const start = context.db.insert(jobRuns).values({ id, job: job.id, startedAt: now, status: 'running' })
	return [{ query: orphans }, { query: start }, { query: scheduleUpsert(job, now) }]
}

function endChange(context: Context, id: string, { status, finishedAt, error, detail }: Outcome): Change {
	const end = { status, finishedAt, error: error ?? null, detail: detail ?? null }
	return { query: context.db.update(jobRuns).set(end).where(eq(jobRuns.id, id)) }
}

async function attempt(context: Context, job: Runnable, how: RunHow): Promise<Outcome> {
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
