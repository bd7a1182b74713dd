import type { Context } from '../../context.ts'
import { dueTimes } from '../../core/cron.ts'
import { hourMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'

/** A model's traffic in an environment, seen by the clock. */
export type Feed = { model: string; environment: string; stopped: boolean; silentMs: number }

// Rows that are at most this old when they are seen come in as they happen; older ones are back-filled.
const freshMs = 2 * hourMs
const liveForMs = hourMs

type Row = [
	model: string,
	environment: string,
	last: number,
	liveFrom: number | null,
	liveTo: number | null,
	pause: number | null,
	seen: number | null,
]

// The newest day of each series is found by the index; only its chunks are looked at.
const lastRows = `SELECT s.model, s.environment, max(c.to_ms), f.live_from, f.live_to, f.pause_ms, f.last_to
	FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
		AND c.day = (SELECT d.day FROM log_chunk d WHERE d.series = s.id AND d.kind = 1 ORDER BY d.day DESC LIMIT 1)
	LEFT JOIN feed f ON f.model = s.model AND f.environment = s.environment AND f.version = ''
	WHERE s.segment = '' AND s.version <> '' GROUP BY s.model, s.environment`

/**
 * Notes which feeds are live now, and answers those that were live, over an hour or more. A feed has stopped when it has been
 * silent for twice its longest usual pause, and two hours at least. Back-filled traffic makes no feed live.
 */
export async function readFeeds(context: Context): Promise<Feed[]> {
	const now = context.now()
	const rows = (await context.sql.values({ sql: lastRows })) as unknown as Row[]
	const feeds: Feed[] = []
	const notes: Statement[] = []
	for (const [model, environment, last, liveFrom, liveTo, pause, seen] of rows) {
		const fresh = now - last < freshMs
		const wasLive = liveFrom !== null && liveTo !== null
		const longest = Math.max(pause ?? 0, wasLive && seen !== null && last > seen ? last - seen : 0)
		if (fresh) notes.push(noteFeed(model, environment, last, liveFrom ?? now, now, longest))
		if (!wasLive || liveTo - liveFrom < liveForMs) continue
		const silentMs = Math.max(0, now - last)
		feeds.push({ model, environment, silentMs, stopped: silentMs >= Math.max(freshMs, 2 * longest) })
	}
	if (notes.length > 0) await context.sql.batch(notes)
	return feeds
}

const noteFeed = (
	model: string,
	environment: string,
	last: number,
	liveFrom: number,
	liveTo: number,
	pause: number,
): Statement => ({
	sql: `INSERT INTO feed (model, environment, version, last_to, live_from, live_to, pause_ms) VALUES (?1, ?2, '', ?3, ?4, ?5, ?6)
		ON CONFLICT (model, environment, version) DO UPDATE SET last_to = ?3, live_to = ?5, pause_ms = ?6`,
	params: [model, environment, last, liveFrom, liveTo, pause],
})

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
