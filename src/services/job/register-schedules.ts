import type { Context } from '../../context.ts'
import { commit } from '../../db/commit.ts'
import type { Statement } from '../../db/sql.ts'

export type Schedule = { id: string; cron: string }

/** Remembers when a job is due. `since` moves only when the schedule does, or with `restart`. */
export const scheduleUpsert = ({ id, cron }: Schedule, now: number, restart = false): Statement => ({
	sql: `INSERT INTO job_schedule (job, cron, since) VALUES (?1, ?2, ?3) ON CONFLICT (job)
		DO UPDATE SET cron = ?2, since = ?3 WHERE ?4 OR cron <> ?2`,
	params: [id, cron, now, restart ? 1 : 0],
})

/**
 * Says which jobs the process that starts now is going to run. A job counts as missed only from here on: what nobody
 * ran while everything was down is made up for by the next runs.
 */
export async function registerSchedules(context: Context, schedules: readonly Schedule[]): Promise<void> {
	const now = context.now()
	const changes = schedules.map((s) => ({ query: scheduleUpsert(s, now, true) }))
	await commit(context, { id: 'service', how: 'job' }, [], changes)
}
