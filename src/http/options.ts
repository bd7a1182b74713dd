import type { JobRun } from '../services/job/run-job.ts'

/** What the app has beside the HTTP routes. Without a part, its paths answer `unavailable` and say why. */
export type AppOptions = {
	/** Answers what Slack posts to `/slack/events`. */
	slack?: (request: Request) => Promise<Response>
	jobs?: {
		list: readonly { id: string; cron: string }[]
		/** Runs one job of the list now, under its lease; a failing job is an answer. */
		run: (id: string) => Promise<JobRun>
	}
}
