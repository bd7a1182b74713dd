import { and, desc, eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { jobRuns } from '../../db/schema.ts'
import { seesAll } from '../../registry/key/authorise.ts'
import type { JobRunAnswer } from './run.schema.ts'

/**
 * Recorded runs, the latest first; `before` is the id of the last run of the previous page. Jobs act on every model, so
 * only actors who see every model get errors and details.
 */
export async function listRuns(
	context: Context,
	actor: Actor,
	options: { job?: string | undefined; limit?: number; before?: string | undefined } = {},
): Promise<JobRunAnswer[]> {
	const rows = await context.db
		.select()
		.from(jobRuns)
		.where(
			and(
				options.job === undefined ? undefined : eq(jobRuns.job, options.job),
				options.before === undefined ? undefined : lt(jobRuns.id, options.before),
			),
		)
		.orderBy(desc(jobRuns.id))
		.limit(options.limit ?? 100)
	const isWhole = seesAll(actor)
	return rows.map((r) => ({
		...r,
		...(isWhole ? {} : { error: null, detail: null }),
		startedAt: formatTime(r.startedAt),
		finishedAt: r.finishedAt === null ? null : formatTime(r.finishedAt),
		durationMs: r.finishedAt === null ? null : r.finishedAt - r.startedAt,
	}))
}

const keepMs = 30 * dayMs

/** Deletes runs that are older than 30 days, but keeps each job's last run and its last successful run. */
export async function pruneRuns(context: Context): Promise<void> {
	const query = {
		sql: `DELETE FROM job_run WHERE started_at < ? AND status <> 'running'
			AND id NOT IN (SELECT max(id) FROM job_run GROUP BY job)
			AND id NOT IN (SELECT max(id) FROM job_run WHERE status = 'ok' GROUP BY job)`,
		params: [context.now() - keepMs],
	}
	await commit(context, { id: 'job:retention', how: 'job' }, [], [{ query }])
}
