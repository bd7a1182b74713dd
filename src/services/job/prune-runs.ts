import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'

const keepMs = 30 * dayMs

/** Forgets runs that are older than thirty days, but never a job's last one: it says when the job last ran. */
export async function pruneRuns(context: Context): Promise<void> {
	const query = {
		sql: `DELETE FROM job_run WHERE started_at < ? AND status <> 'running'
			AND started_at < (SELECT max(r.started_at) FROM job_run r WHERE r.job = job_run.job)`,
		params: [context.now() - keepMs],
	}
	await commit(context, { id: 'job:retention', how: 'job' }, [], [{ query }])
}
