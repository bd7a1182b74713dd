import type { Context } from '../../context.ts'
import { hourMs, minuteMs, secondMs } from '../../core/time.ts'
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
	const queries = [...schedules.map((s) => scheduleUpsert(s, now, true)), ...withinReach(now)]
	await commit(
		context,
		{ id: 'service', how: 'job' },
		[],
		queries.map((query) => ({ query })),
	)
}

/** Longer than any message is put off, and than any delivery holds one: later times are those of a clock that was ahead. */
const putOffMs = hourMs
const heldMs = 10 * minuteMs
const withinReach = (now: number): Statement[] => [
	{
		sql: 'UPDATE outbox SET not_before = ?1 WHERE done_at IS NULL AND not_before > ?2',
		params: [now, now + putOffMs],
	},
	{
		sql: 'UPDATE outbox SET claimed_until = ?1 WHERE done_at IS NULL AND claimed_until > ?2',
		params: [now, now + heldMs],
	},
]

const jumpMs = 30 * secondMs
/** How far the wall clock was ahead of the monotonic one. */
const leads = new WeakMap<Context, number>()

/**
 * After a jump of the clock, or a sleep of the machine, a job counts as missed only from here on: by the new time it may
 * seem due for hours, or not at all.
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
