import type { Context } from '../../context.ts'
import { dueTimes } from '../../core/cron.ts'

export type MissedJob = {
	job: string
	/** When it was due and did not start, ms since the epoch; the earlier of the last two. */
	dueAt: number
	/** The start of its last run; null when it has none. */
	lastStart: number | null
}

const tolerated = 1

/**
 * Jobs that were due more than once and did not start: a state that rules can see. One that is running right now is
 * not missed, and neither is what was due while no process was there to run it (see `registerSchedules`).
 */
export async function missedJobs(context: Context): Promise<MissedJob[]> {
	const now = context.now()
	const rows = (await context.sql.all({
		sql: `SELECT s.job, s.cron, s.since, (SELECT max(r.started_at) FROM job_run r WHERE r.job = s.job)
			FROM job_schedule s WHERE NOT EXISTS (SELECT 1 FROM lease l WHERE l.name = 'job:' || s.job AND l.until > ?)
			ORDER BY s.job`,
		params: [now],
	})) as unknown as [string, string, number, number | null][]
	return rows.flatMap(([job, cron, since, lastStart]) => {
		const due = dueTimes(cron, Math.max(since, lastStart ?? 0), now, tolerated + 1)
		const dueAt = due[tolerated]
		return dueAt === undefined ? [] : [{ job, dueAt, lastStart }]
	})
}
