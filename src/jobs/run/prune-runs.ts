import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'

const keepMs = 30 * dayMs

/** Forgets runs that are older than thirty days, but never a job's last one and its last good one: they say how the job is. */
export async function pruneRuns(context: Context): Promise<void> {
	const query = {
		sql: `DELETE FROM job_run WHERE started_at < ? AND status <> 'running'
			AND id NOT IN (SELECT max(id) FROM job_run GROUP BY job)
			AND id NOT IN (SELECT max(id) FROM job_run WHERE status = 'ok' GROUP BY job)`,
		params: [context.now() - keepMs],
	}
	await commit(context, { id: 'job:retention', how: 'job' }, [], [{ query }])
}
