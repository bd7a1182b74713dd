import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { minuteMs } from '../core/time.ts'
import { executions } from '../db/schema.ts'
import { executeRequest } from './execute.ts'

/** What is due later is left to the job, which runs each minute. */
const soonMs = 2 * minuteMs

type Waiting = { timers: Map<string, ReturnType<typeof setTimeout>>; running: Set<Promise<void>> }
const waitingOf = new WeakMap<Context, Waiting>()

function waiting(context: Context): Waiting {
	const known = waitingOf.get(context) ?? { timers: new Map(), running: new Set() }
	waitingOf.set(context, known)
	return known
}

/** Carries out a request in the background, now and, where the process goes on, after each pause that is short. */
export function startExecution(context: Context, id: string): void {
	const { timers, running } = waiting(context)
	clearTimeout(timers.get(id))
	timers.delete(id)
	const work = run(context, id).finally(() => running.delete(work))
	running.add(work)
	context.background?.(work)
}

async function run(context: Context, id: string): Promise<void> {
	try {
		await executeRequest(context, id)
		if (context.background) return
		const pause = await pauseOf(context, id)
		if (pause === undefined || pause > soonMs || !waitingOf.has(context)) return
		const timer = setTimeout(() => startExecution(context, id), Math.max(pause, 100))
		timer.unref?.()
		waiting(context).timers.set(id, timer)
	} catch (error) {
		context.logger.error('a request could not be carried out yet', { request: id, error: String(error) })
	}
}

/** Goes on with what an earlier process has left, as soon as that is due. */
export async function resumeExecutions(context: Context): Promise<void> {
	const open = await context.db
		.select({ request: executions.request })
		.from(executions)
		.where(isNull(executions.finishedAt))
	for (const { request } of open) startExecution(context, request)
}

/** How long until the execution is due; undefined when it has ended, or waits for what the job sees. */
async function pauseOf(context: Context, id: string): Promise<number | undefined> {
	const [row] = await context.db
		.select({ notBefore: executions.notBefore, claimedUntil: executions.claimedUntil })
		.from(executions)
		.where(and(eq(executions.request, id), isNull(executions.finishedAt)))
	if (!row) return undefined
	const pause = Math.max(row.notBefore, row.claimedUntil) - context.now()
	return pause > 0 ? pause : undefined
}

/** Starts nothing more in this process, and waits for what is running. */
export async function stopExecutions(context: Context): Promise<void> {
	const { timers, running } = waiting(context)
	waitingOf.delete(context)
	for (const timer of timers.values()) clearTimeout(timer)
	await Promise.allSettled(running)
}
