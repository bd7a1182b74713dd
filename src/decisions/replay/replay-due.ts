import type { Context, Progress } from '../../context.ts'
import { sleep } from '../../core/retry.ts'
import { dayMs, minuteMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import { predictionAt } from '../../log/read/read-by-id.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import type { OpenedVersion } from '../../ports/model-cache.ts'
import { openVersion } from '../../registry/artifact/open-version.ts'
import { modelAt } from '../../registry/model/model-history.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { type Registered, replayPrediction } from './replay-prediction.ts'
import { type DayReplay, type Mismatch, storeDay, storeUnavailable } from './store-day.ts'

type ReplayReport = {
	days: number
	sampled: number
	mismatched: number
	/** Versions whose days remain due: `model@version: reason`. */
	failed: string[]
	remaining: number
}

const maxDays = 5000
const budgetMs = 2 * minuteMs

/**
 * Replays the due days, the newest first, for at most two minutes. A version that cannot be replayed is reported, its days
 * remain due, and the others go on.
 */
export async function replayDue(context: Context, onProgress?: Progress): Promise<ReplayReport> {
	const startedAt = context.now()
	const due = await dueDays(context, maxDays)
	const answer: ReplayReport = { days: 0, sampled: 0, mismatched: 0, failed: [], remaining: 0 }
	const failed = new Map<string, string>()
	for (const [i, day] of due.entries()) {
		if (context.now() - startedAt >= budgetMs) {
			answer.remaining = due.length - i
			break
		}
		try {
			const reason = await replayOne(context, day, startedAt, answer)
			if (reason !== undefined) failed.set(`${day.model}@${day.version}`, reason)
		} catch (error) {
			failed.set(`${day.model}@${day.version}`, (error as Error).message)
			const { model, version, environment } = day
			const stack = (error as Error).stack
			context.logger.error('a day could not be replayed', { model, version, environment, error: stack })
		}
		onProgress?.(i + 1, due.length)
		// Let requests in.
		await sleep(0)
	}
	answer.failed = [...failed].map(([name, reason]) => `${name}: ${reason}`)
	return answer
}

/** Returns why the day could not be replayed and remains due; undefined when it was replayed. */
async function replayOne(
	context: Context,
	due: DueDay,
	startedAt: number,
	answer: ReplayReport,
): Promise<string | undefined> {
	const version = await findVersion(context, due.model, due.version)
	const opened = await openVersion(context, version)
	if ('unavailable' in opened) {
		await storeUnavailable(context, due, startedAt, opened.unavailable)
		return opened.unavailable
	}
	const registered = await modelAt(context, due.model, due.day + dayMs)
	const replayed = await replayDay(context, opened, registered, due)
	await storeDay(context, due, { digest: opened.digest, at: startedAt }, replayed, [completed(due)])
	answer.days++
	answer.sampled += replayed.sampled
	answer.mismatched += replayed.mismatched
	return undefined
}

/** A day of one version's predictions in one environment, to be replayed. */
type DueDay = {
	series: number
	day: number
	/** Counts the changes: rows that arrive during a replay keep the day due. */
	mark: number
	model: string
	version: string
	environment: string
}

// An upload makes the days of its version due again.
const withoutArtifact = `DELETE FROM replay_due WHERE NOT EXISTS (SELECT 1 FROM log_series s
	JOIN model_version v ON v.model = s.model AND v.version = s.version
	LEFT JOIN version_artifact a ON a.model = s.model AND a.version = s.version
	WHERE s.id = replay_due.series AND (a.model IS NOT NULL OR json_extract(v.artifact, '$.uri') IS NOT NULL))`

/** The due days of versions whose model file is stored or can be fetched, the newest first. */
async function dueDays(context: Context, limit: number): Promise<DueDay[]> {
	await context.sql.batch([{ sql: withoutArtifact }])
	return context.sql.all<DueDay>({
		sql: `SELECT d.series, d.day_ms AS day, d.mark, s.model, s.version, s.environment FROM replay_due d
			JOIN log_series s ON s.id = d.series ORDER BY d.day_ms DESC, d.series LIMIT ?`,
		params: [limit],
	})
}

/** Completes the day, unless it changed during the replay. */
const completed = ({ series, day, mark }: DueDay): Statement => ({
	sql: 'DELETE FROM replay_due WHERE series = ? AND day_ms = ? AND mark = ?',
	params: [series, day, mark],
})

const maxSampled = 200
const maxExamples = 10
const maxReasons = 10

const difference = ({ logged, replayed }: Mismatch): number =>
	logged === null || replayed === null ? 0 : Math.abs(logged - replayed)

/** Replays a sample of a day, with features that were joined later. Equal rows give an equal sample. */
async function replayDay(
	context: Context,
	opened: OpenedVersion,
	registered: Registered,
	{ model, version, environment, day }: Omit<DueDay, 'series' | 'mark'>,
): Promise<DayReplay> {
	const query = { model, version, environment, from: day, to: day + dayMs }
	const { batch, rows } = await sampleRows(context, query, maxSampled)
	const counts = { matched: 0, mismatched: 0, unavailable: 0 }
	const mismatches: Mismatch[] = []
	const reasons: Record<string, number> = {}
	for (let row = 0; row < (batch?.rows ?? 0); row++) {
		const sent = predictionAt(batch as NonNullable<typeof batch>, row)
		const stored = sent.features ? sent : ((await context.log.read(model, sent.predictionId)) ?? sent)
		const { status, logged, replayed, general } = await replayPrediction(opened, registered, stored)
		counts[status]++
		if (status === 'mismatched') mismatches.push({ predictionId: sent.predictionId, logged, replayed })
		if (status === 'unavailable') count(reasons, general ?? 'unknown')
	}
	mismatches.sort((a, b) => difference(b) - difference(a))
	const [worst] = mismatches
	return {
		rows,
		sampled: batch?.rows ?? 0,
		...counts,
		worst: worst ? difference(worst) : null,
		examples: mismatches.slice(0, maxExamples),
		reasons,
		ids: batch?.ids ?? [],
	}
}

function count(reasons: Record<string, number>, reason: string): void {
	const isKnown = Object.hasOwn(reasons, reason) || Object.keys(reasons).length < maxReasons
	const name = isKnown ? reason : 'other reasons'
	reasons[name] = (reasons[name] ?? 0) + 1
}
