import type { Context, Progress } from '../../context.ts'
import { dayMs, minuteMs } from '../../core/time.ts'
import { openVersion } from '../../registry/artifact/open-version.ts'
import { modelAt } from '../../registry/model/model-history.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { type DueDay, doneStatement, dueDays } from './due-days.ts'
import { replayDay } from './replay-day.ts'
import { storeDay, storeUnavailable } from './store-day.ts'

export type ReplayAnswer = {
	days: number
	sampled: number
	mismatched: number
	/** Versions whose days stay due: `model@version: reason`. */
	failed: string[]
	remaining: number
}

const maxDays = 5000
const budgetMs = 2 * minuteMs

/**
 * Replays the days that are due, the newest first, for two minutes at most. A version that cannot be replayed is named,
 * keeps its days due, and does not stop the others.
 */
export async function replayDue(context: Context, onProgress?: Progress): Promise<ReplayAnswer> {
	const startedAt = context.now()
	const due = await dueDays(context, maxDays)
	const answer: ReplayAnswer = { days: 0, sampled: 0, mismatched: 0, failed: [], remaining: 0 }
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
		// Requests come first.
		await new Promise((resolve) => setTimeout(resolve, 0))
	}
	answer.failed = [...failed].map(([name, reason]) => `${name}: ${reason}`)
	return answer
}

/** Answers why the day could not be replayed and stays due; undefined when it was. */
async function replayOne(
	context: Context,
	due: DueDay,
	startedAt: number,
	answer: ReplayAnswer,
): Promise<string | undefined> {
	const version = await findVersion(context, due.model, due.version)
	const opened = await openVersion(context, version)
	if ('unavailable' in opened) {
		await storeUnavailable(context, due, startedAt, opened.unavailable)
		return opened.unavailable
	}
	const registered = await modelAt(context, due.model, due.day + dayMs)
	const replayed = await replayDay(context, opened, registered, due)
	await storeDay(context, due, { digest: opened.digest, at: startedAt }, replayed, [doneStatement(due)])
	answer.days++
	answer.sampled += replayed.sampled
	answer.mismatched += replayed.mismatched
	return undefined
}
