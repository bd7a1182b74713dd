import type { ByteBudget } from '../core/byte-budget.ts'
import type { JobRun } from '../jobs/run/run-job.ts'
import type { ExportedMetrics } from '../monitoring/windows/exported-points.ts'
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
	/** Lets a browser read without a header, and adds the pages that it reads. Absent: keys in headers only. */
	sessions?: Sessions
	/** The version of Plumbline. */
	version?: string
	/** The metrics whose values Prometheus is shown. */
	exported?: ExportedMetrics
	/** What the process takes, where there is one. */
	process?: () => ProcessUsage
	/** Counts requests, where another port tells of them too. */
	traffic?: Traffic
	/** What bodies may hold in memory, where another port tells of it too. */
	budget?: ByteBudget
}

export type PageLink = { text: string; path: string }

/** Turns the token of a one-time link into the cookie of a session, and that cookie into a key. */
export type Sessions = {
	/** The value of the `Set-Cookie` header, and where to go first. A token works once. */
	open(token: string): { cookie: string; links: readonly PageLink[] } | 'used' | 'unknown'
	/** The secret of the key that a `Cookie` header stands for. */
	keyOf(cookies: string | undefined): string | undefined
}
