import type { Context } from '../../context.ts'
import { dueTimes } from '../../core/cron.ts'
import { hourMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'

// States that no window shows: only the clock can tell that something has stopped.

/** A model's traffic in an environment. */
export type Feed = { model: string; environment: string; stopped: boolean; silentMs: number }

// Rows that are at most this old when they are seen arrive live; older ones are back-filled.
const freshMs = 2 * hourMs
const liveForMs = hourMs

type FeedRow = {
	model: string
	environment: string
	last: number
	liveFrom: number | null
	liveTo: number | null
	pause: number | null
	seen: number | null
}

// The index finds the newest day of each series; only the chunks of that day are read.
const lastRows = `SELECT s.model AS model, s.environment AS environment, max(c.to_ms) AS last, f.live_from AS liveFrom,
		f.live_to AS liveTo, f.pause_ms AS pause, f.last_to AS seen
	FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
		AND c.day = (SELECT d.day FROM log_chunk d WHERE d.series = s.id AND d.kind = 1 ORDER BY d.day DESC LIMIT 1)
	LEFT JOIN feed f ON f.model = s.model AND f.environment = s.environment AND f.version = ''
	WHERE s.segment = '' AND s.version <> '' GROUP BY s.model, s.environment`

/**
 * Records which feeds are live now, and answers those that have been live for an hour or more. A feed has stopped after
 * a silence of twice its longest usual pause, and at least two hours. Back-filled traffic makes no feed live.
 */
export async function readFeeds(context: Context): Promise<Feed[]> {
	const now = context.now()
	const feeds: Feed[] = []
	const updates: Statement[] = []
	for (const row of await context.sql.all<FeedRow>({ sql: lastRows })) {
		const { model, environment, last, liveFrom, liveTo, pause, seen } = row
		const wasLive = liveFrom !== null && liveTo !== null
		const longest = Math.max(pause ?? 0, wasLive && seen !== null && last > seen ? last - seen : 0)
		if (now - last < freshMs)
			updates.push(feedUpdate({ model, environment, last, liveFrom: liveFrom ?? now, now, longest }))
		if (!wasLive || liveTo - liveFrom < liveForMs) continue
		const silentMs = Math.max(0, now - last)
		feeds.push({ model, environment, silentMs, stopped: silentMs >= Math.max(freshMs, 2 * longest) })
	}
	if (updates.length > 0) await context.sql.batch(updates)
	return feeds
}

type Live = {
	model: string
	environment: string
	last: number
	liveFrom: number
	now: number
	longest: number
}

const feedUpdate = ({ model, environment, last, liveFrom, now, longest }: Live): Statement => ({
	sql: `INSERT INTO feed (model, environment, version, last_to, live_from, live_to, pause_ms) VALUES (?1, ?2, '', ?3, ?4, ?5, ?6)
		ON CONFLICT (model, environment, version) DO UPDATE SET last_to = ?3, live_to = ?5, pause_ms = ?6`,
	params: [model, environment, last, liveFrom, now, longest],
})

export type MissedJob = {
	job: string
	/** End of its last successful run, ms since the epoch; null when there is none. */
	lastOk: number | null
	/** How long it has had no successful run while a process was there to run it. */
	lateMs: number
}

const tolerated = 1

/**
 * Jobs that were due more than once without a successful run. A job that is running now is not missed, and neither is
 * what was due while no process was there to run it (see `registerSchedules`).
 */
export async function missedJobs(context: Context): Promise<MissedJob[]> {
	const now = context.now()
	type Schedule = { job: string; cron: string; since: number; lastOk: number | null }
	const schedules = await context.sql.all<Schedule>({
		sql: `SELECT s.job AS job, s.cron AS cron, s.since AS since,
				(SELECT r.finished_at FROM job_run r WHERE r.job = s.job AND r.status = 'ok' AND r.started_at <= ?1
					ORDER BY r.started_at DESC LIMIT 1) AS lastOk
			FROM job_schedule s WHERE NOT EXISTS (SELECT 1 FROM lease l WHERE l.name = 'job:' || s.job AND l.until > ?1)
			ORDER BY s.job`,
		params: [now],
	})
	return schedules.flatMap(({ job, cron, since, lastOk }) => {
		const from = Math.max(since, lastOk ?? 0)
		return dueTimes(cron, from, now, tolerated + 1).length > tolerated
			? [{ job, lastOk, lateMs: now - from }]
			: []
	})
}
