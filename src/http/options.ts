import type { ByteBudget } from '../core/byte-budget.ts'
import type { JobRun } from '../services/job/run-job.ts'
import type { ExportedMetrics } from '../services/metric/exported-metrics.ts'
import type { ProcessUsage } from './prometheus.ts'
import type { Traffic } from './traffic.ts'

/** What the app has beside the HTTP routes. Without a part, its paths answer `unavailable` and say why. */
export type AppOptions = {
	/** Answers what Slack posts to `/slack/events`. */
	slack?: (request: Request) => Promise<Response>
	jobs?: {
		list: readonly { id: string; cron: string }[]
		/** Runs one job of the list now, under its lease; a failing job is an answer. */
		run: (id: string) => Promise<JobRun>
	}
	/** The metrics whose values Prometheus is shown. */
	exported?: ExportedMetrics
	/** What the process takes, where there is one. */
	process?: () => ProcessUsage
	/** Counts requests, where another port tells of them too. */
	traffic?: Traffic
	/** What bodies may hold in memory, where another port tells of it too. */
	budget?: ByteBudget
}
