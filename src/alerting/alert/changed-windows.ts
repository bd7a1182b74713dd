import { count, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { hourMs, minuteMs, secondMs, windowMs } from '../../core/time.ts'
import { ruleProgress, ruleWaiting } from '../../db/schema.ts'
import type { ChangedWindow } from '../../monitoring/windows/window-facts.ts'
import type { Sources } from './sources.ts'

// The queue of windows to evaluate is the table `rule_waiting`. A window stays in it until its model was evaluated.

export type DueWindow = Omit<ChangedWindow, 'sequence'>

/** Queues the windows that changed since the last run, and answers those that are due, by their end. */
export async function takeDueWindows(
	context: Context,
	sources: Sources,
	waitForBackfill: boolean,
): Promise<DueWindow[]> {
	const [progress] = await context.db.select().from(ruleProgress).where(eq(ruleProgress.name, 'windows'))
	const since = progress?.sequence ?? 0
	const changed = await sources.changedWindows(context, { since })
	if (changed.length > 0) await queue(context, changed, since)
	return readDue(context, waitForBackfill)
}

/** Queues windows and records how far the changes were read, in one batch, so that no change is lost. */
async function queue(context: Context, changed: readonly ChangedWindow[], since: number): Promise<void> {
	const rows = changed.map((w) => [
		w.model,
		w.environment,
		w.version,
		w.window,
		w.from,
		w.from + windowMs[w.window],
	])
	const sequence = changed.reduce((max, w) => Math.max(max, w.sequence), since)
	await context.sql.batch([
		{
			sql: `INSERT INTO rule_waiting (model, environment, version, window, from_ms, to_ms, since, changed_at)
				SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, ?2, ?2 FROM json_each(?1)
				WHERE true ON CONFLICT DO UPDATE SET changed_at = ?2`,
			params: [JSON.stringify(rows), context.now()],
		},
		{
			sql: `INSERT INTO rule_progress (name, sequence) VALUES ('windows', ?1)
				ON CONFLICT (name) DO UPDATE SET sequence = ?1`,
			params: [sequence],
		},
	])
}

/** A window that closed this recently is live. An older one that changes is being back-filled, or got late rows. */
const liveMs = 15 * minuteMs
/** A back-filled window counts as complete when nothing arrived for it in this time. */
const quietMs = 45 * secondMs
/** No window waits longer than this. */
const maxWaitMs = hourMs / 2

/**
 * Only closed windows are evaluated: an open one would count towards `for` too early. For the same reason
 * `waitForBackfill` leaves a back-filled window queued while rows arrive for it.
 */
async function readDue(context: Context, waitForBackfill: boolean): Promise<DueWindow[]> {
	const now = context.now()
	const isComplete = `w.to_ms > ?2 OR w.since <= ?3 OR (w.changed_at <= ?4 AND NOT EXISTS (SELECT 1 FROM log_series s
		JOIN log_dirty d ON d.series = s.id AND d.hour >= w.from_ms AND d.hour < w.to_ms
		WHERE s.model = w.model AND s.version = w.version AND s.environment = w.environment AND s.segment = ''))`
	return context.sql.all<DueWindow>({
		sql: `SELECT model, environment, version, window, from_ms AS "from" FROM rule_waiting w WHERE to_ms <= ?1
			${waitForBackfill ? `AND (${isComplete})` : ''} ORDER BY to_ms`,
		params: waitForBackfill ? [now, now - liveMs, now - maxWaitMs, now - quietMs] : [now],
	})
}

export async function removeWindows(context: Context, windows: readonly DueWindow[]): Promise<void> {
	const rows = windows.map((w) => [w.model, w.environment, w.version, w.window, w.from])
	await context.sql.batch([
		{
			sql: `DELETE FROM rule_waiting WHERE (model, environment, version, window, from_ms) IN
				(SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?))`,
			params: [JSON.stringify(rows)],
		},
	])
}

export async function countQueued(context: Context): Promise<number> {
	const [row] = await context.db.select({ windows: count() }).from(ruleWaiting)
	return row?.windows ?? 0
}
