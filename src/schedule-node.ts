import cron from 'node-cron'
import type { Context } from './context.ts'
import { dueTimes } from './core/cron.ts'
import { secondMs } from './core/time.ts'
import { jobs, runJobById } from './jobs/index.ts'
import { registerSchedules } from './services/job/register-schedules.ts'
import type { JobRun, Runnable } from './services/job/run-job.ts'

const drainMs = 10 * secondMs
const lookMs = secondMs
const jumpMs = 5 * secondMs

const silent = { info() {}, warn() {}, error() {}, debug() {} }

/**
 * Runs every job by its clock from now on. The answer stops that, and waits for what is running: a job whose process
 * ends is a failed one, and its lease has to run out first.
 */
export async function startSchedules(context: Context, owner: string): Promise<() => Promise<void>> {
	await registerSchedules(context, jobs)
	const schedule = openSchedule(jobs, context, (id) => runJobById(context, id, owner, { scheduled: true }))
	const timer = setInterval(schedule.look, lookMs)
	return async () => {
		clearInterval(timer)
		await schedule.close()
	}
}

/**
 * Each job runs at its times, once at a time. `look` notices that the clock has jumped: then the next times are computed
 * anew, and what the jump passed over runs once.
 */
export function openSchedule(
	list: readonly Pick<Runnable, 'id' | 'cron'>[],
	{ now, monotonic }: Pick<Context, 'now' | 'monotonic'>,
	run: (id: string) => Promise<JobRun>,
) {
	const running = new Map<string, Promise<void>>()
	const again = new Map<string, ReturnType<typeof setTimeout>>()
	let looked = now()
	let lead = looked - monotonic()
	let isClosed = false
	const start = (id: string) => {
		if (running.has(id) || isClosed) return
		clearTimeout(again.get(id))
		again.delete(id)
		const work = run(id)
			.then(({ retryMs }) => {
				if (retryMs === undefined || isClosed) return
				// Its last holder seems to have died: the next regular time may be an hour away.
				again.set(
					id,
					setTimeout(() => start(id), retryMs + lookMs),
				)
			})
			.finally(() => running.delete(id))
		running.set(id, work)
	}
	// A tick that comes late is no news: the job's own record says when it ran.
	const followClock = () =>
		list.map(({ id, cron: expression }) =>
			cron.schedule(expression, () => start(id), { name: id, timezone: 'UTC', logger: silent }),
		)
	let tasks = followClock()
	const stopTasks = () => Promise.all(tasks.map((task) => task.destroy()))
	return {
		look() {
			const at = now()
			const jump = at - monotonic() - lead
			if (Math.abs(jump) >= jumpMs) {
				lead += jump
				void stopTasks()
				tasks = followClock()
				for (const { id, cron: expression } of list)
					if (dueTimes(expression, looked, at, 1).length > 0) start(id)
			}
			looked = at
		},
		async close() {
			isClosed = true
			await stopTasks()
			for (const timer of again.values()) clearTimeout(timer)
			const patience = new Promise((resolve) => setTimeout(resolve, drainMs).unref())
			await Promise.race([Promise.allSettled(running.values()), patience])
		},
	}
}
