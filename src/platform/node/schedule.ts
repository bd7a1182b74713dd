import cron from 'node-cron'
import type { Context } from '../../context.ts'
import { dueTimes } from '../../core/cron.ts'
import { secondMs } from '../../core/time.ts'
import { jobs, runJobById } from '../../jobs/index.ts'
import { registerSchedules } from '../../jobs/run/register-schedules.ts'
import type { Job, JobRun } from '../../jobs/run/run-job.ts'

const drainMs = 10 * secondMs
const lookMs = secondMs
const silent = { info() {}, warn() {}, error() {}, debug() {} }

/**
 * Runs every job on its schedule from now on. The returned function stops that and waits for running jobs: a job whose process
 * ends counts as failed, and its lease has to expire first.
 */
export async function startSchedules(context: Context, owner: string): Promise<() => Promise<void>> {
	await registerSchedules(context, jobs)
	const list: Job[] = jobs
	const scheduled = list.map(({ isDue, ...job }) => ({
		...job,
		...(isDue ? { isDue: () => isDue(context) } : {}),
	}))
	const schedule = openSchedule(scheduled, context.now, (id) =>
		runJobById(context, id, owner, { scheduled: true }),
	)
	const tasks = jobs.map(({ id, cron: expression }) =>
		cron.schedule(expression, schedule.look, { name: id, timezone: 'UTC', logger: silent }),
	)
	// node-cron skips late ticks, and waits long after the clock was set back.
	const timer = setInterval(schedule.look, lookMs)
	return async () => {
		clearInterval(timer)
		for (const task of tasks) await task.destroy()
		await schedule.close()
	}
}

type Scheduled = Pick<Job, 'id' | 'cron' | 'followedBy'> & { isDue?: () => Promise<boolean> }

/**
 * Runs each job at its times, when it is due, and when a job that it follows has ended; never twice at once. `look` starts the
 * jobs that have become due since the last call: a time that was missed by a busy process or a jump of the clock, or that came
 * while the job ran, is made up for once.
 */
export function openSchedule(
	list: readonly Scheduled[],
	now: () => number,
	run: (id: string) => Promise<JobRun>,
) {
	const running = new Map<string, Promise<void>>()
	const again = new Map<string, ReturnType<typeof setTimeout>>()
	/** Jobs that run again as soon as they have ended. */
	const waiting = new Set<string>()
	let looked = now()
	let isClosed = false
	const start = (id: string) => {
		if (running.has(id) || isClosed) return
		clearTimeout(again.get(id))
		again.delete(id)
		const work = run(id)
			.then(({ retryMs }) => {
				if (retryMs === undefined || isClosed) return
				// The holder of its lease seems to have died, and the next regular time may be an hour away.
				again.set(
					id,
					setTimeout(() => start(id), retryMs + lookMs),
				)
			})
			.finally(() => {
				running.delete(id)
				if (waiting.delete(id)) start(id)
				startOrRepeat(list.find((job) => job.id === id)?.followedBy)
			})
		running.set(id, work)
	}
	const startOrRepeat = (id: string | undefined) => {
		if (id === undefined) return
		if (running.has(id)) waiting.add(id)
		else start(id)
	}
	const startIfDue = async ({ id, isDue }: Scheduled) => {
		if (isDue && !running.has(id) && (await isDue().catch(() => false))) start(id)
	}
	return {
		look() {
			const at = now()
			for (const { id, cron } of list) if (dueTimes(cron, looked, at, 1).length > 0) startOrRepeat(id)
			looked = at
			for (const job of list) void startIfDue(job)
		},
		async close() {
			isClosed = true
			for (const timer of again.values()) clearTimeout(timer)
			const timeout = new Promise((resolve) => setTimeout(resolve, drainMs).unref())
			await Promise.race([Promise.allSettled(running.values()), timeout])
		},
	}
}
