import type { Job } from '../../src/jobs/run/run-job.ts'

export const job = (run: () => Promise<Record<string, unknown>> = async () => ({ done: 1 })): Job => ({
	id: 'tidy',
	cron: '*/5 * * * *',
	run,
})

/** A job that runs until it is released. */
export function heldJob() {
	let start = () => {}
	let end: (error?: Error) => void = () => {}
	const started = new Promise<void>((resolve) => {
		start = resolve
	})
	const held = new Promise<Record<string, unknown>>((resolve, reject) => {
		end = (error) => (error ? reject(error) : resolve({}))
	})
	const run = () => {
		start()
		return held
	}
	return { job: job(run), started, end: (error?: Error) => end(error) }
}
