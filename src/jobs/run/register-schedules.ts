import type { Context } from '../../context.ts'
import { hourMs, minuteMs, secondMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import type { Statement } from '../../db/sql.ts'

export type Schedule = { id: string; cron: string }

/** Stores when a job is due. `since` changes only with the schedule, or with `restart`. */
export const scheduleUpsert = ({ id, cron }: Schedule, now: number, restart = false): Statement => ({
	sql: `INSERT INTO job_schedule (job, cron, since) VALUES (?1, ?2, ?3) ON CONFLICT (job)
		DO UPDATE SET cron = ?2, since = ?3 WHERE ?4 OR cron <> ?2`,
	params: [id, cron, now, restart ? 1 : 0],
})

/**
 * Stores which jobs the process that starts now will run. Jobs count as missed only from now on: what was due while no
 * process ran is made up by the next runs.
 */
export async function registerSchedules(context: Context, schedules: readonly Schedule[]): Promise<void> {
	const now = context.now()
	const queries = [...schedules.map((s) => scheduleUpsert(s, now, true)), ...withinReach(now)]
	await commit(
		context,
		{ id: 'service', how: 'job' },
		[],
		queries.map((query) => ({ query })),
	)
}

/** Longer than any message is paused, and than any delivery holds one: later times come from a clock that was ahead. */
const maxPauseMs = hourMs
const maxClaimMs = 10 * minuteMs
const withinReach = (now: number): Statement[] => [
	{
		sql: 'UPDATE outbox SET not_before = ?1 WHERE done_at IS NULL AND not_before > ?2',
		params: [now, now + maxPauseMs],
	},
	{
		sql: 'UPDATE outbox SET claimed_until = ?1 WHERE done_at IS NULL AND claimed_until > ?2',
		params: [now, now + maxClaimMs],
	},
]

const jumpMs = 30 * secondMs
/** How far the wall clock was ahead of the monotonic clock. */
const leads = new WeakMap<Context, number>()

/**
 * After the clock has jumped or the machine has slept, jobs count as missed only from now on: by the new time one can seem
 * overdue for hours, or not due at all.
 */
export async function noticeJump(context: Context): Promise<void> {
	const lead = context.now() - context.monotonic()
	const known = leads.get(context)
	leads.set(context, lead)
	if (known === undefined || Math.abs(lead - known) < jumpMs) return
	const seconds = Math.round((lead - known) / secondMs)
	context.logger.warn('the clock has jumped, or the machine was asleep', { seconds })
	const now = context.now()
	const queries = [{ sql: 'UPDATE job_schedule SET since = ?', params: [now] }, ...withinReach(now)]
	await commit(
		context,
		{ id: 'service', how: 'job' },
		[],
		queries.map((query) => ({ query })),
	)
}
