import cron from 'node-cron'
import type { Context } from './context.ts'
import { secondMs } from './core/time.ts'
import { jobs, runJobById } from './jobs/index.ts'
import { registerSchedules } from './services/job/register-schedules.ts'

const drainMs = 10 * secondMs

const silent = { info() {}, warn() {}, error() {}, debug() {} }

/**
 * Runs every job by its clock from now on. The answer stops that, and waits for what is running: a job whose process
 * ends is a failed one, and its lease has to run out first.
 */
export async function startSchedules(context: Context, owner: string): Promise<() => Promise<void>> {
	await registerSchedules(context, jobs)
	const running = new Set<Promise<unknown>>()
	const tasks = jobs.map(({ id, cron: expression }) => {
		const tick = async () => {
			const run = runJobById(context, id, owner, { scheduled: true })
			running.add(run)
			await run.finally(() => running.delete(run))
		}
		// A tick that comes late is no news: the job's own record says when it ran.
		return cron.schedule(expression, tick, { name: id, timezone: 'UTC', noOverlap: true, logger: silent })
	})
	return async () => {
		for (const task of tasks) await task.destroy()
		const patience = new Promise((resolve) => setTimeout(resolve, drainMs).unref())
		await Promise.race([Promise.allSettled(running), patience])
	}
}
