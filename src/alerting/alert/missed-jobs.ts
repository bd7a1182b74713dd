import type { Context } from '../../context.ts'
import { dueTimes } from '../../core/cron.ts'

export type MissedJob = {
	job: string
	/** The end of its last run that went well, ms since the epoch; null when there is none. */
	lastOk: number | null
	/** How long it has not gone well, as far as a process was there to run it. */
	lateMs: number
}

const tolerated = 1

/**
 * Jobs that were due more than once and did not run, or failed each time: a state that rules can see. One that is
 * running right now is not missed, nor is what was due while it ran, or while no process was there to run it (see
 * `registerSchedules`).
 */
export async function missedJobs(context: Context): Promise<MissedJob[]> {
	const now = context.now()
	const rows = (await context.sql.values({
		sql: `SELECT s.job, s.cron, s.since,
				(SELECT r.finished_at FROM job_run r WHERE r.job = s.job AND r.status = 'ok' AND r.started_at <= ?1
					ORDER BY r.started_at DESC LIMIT 1)
			FROM job_schedule s WHERE NOT EXISTS (SELECT 1 FROM lease l WHERE l.name = 'job:' || s.job AND l.until > ?1)
			ORDER BY s.job`,
		params: [now],
	})) as unknown as [string, string, number, number | null][]
	return rows.flatMap(([job, cron, since, lastOk]) => {
		const from = Math.max(since, lastOk ?? 0)
		return dueTimes(cron, from, now, tolerated + 1).length > tolerated
			? [{ job, lastOk, lateMs: now - from }]
			: []
	})
}
