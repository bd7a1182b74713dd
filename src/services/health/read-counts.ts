import { count, max, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { accessKeys, jobRuns, ledgerEntries, models, modelVersions } from '../../db/schema.ts'

export type JobCounts = {
	job: string
	status: string
	runs: number
	lastStart: number
	lastEnd: number | null
}
export type Counts = { objects: Record<string, number>; jobs: JobCounts[] }

/** How many objects there are, and how the jobs went. */
export async function readCounts(context: Context): Promise<Counts> {
	const { db } = context
	const rows = await Promise.all([
		db.select({ n: count() }).from(models),
		db.select({ n: count() }).from(modelVersions),
		db.select({ n: count() }).from(accessKeys),
		db.select({ n: sql<number>`coalesce(max(${ledgerEntries.idx}) + 1, 0)` }).from(ledgerEntries),
	])
	const [days] = await context.sql.all({ sql: 'SELECT count(*) FROM replay_day WHERE standing = 1' })
	const [modelCount = 0, versions = 0, keys = 0, entries = 0] = rows.map(([row]) => row?.n ?? 0)
	return {
		objects: {
			models: modelCount,
			versions,
			keys,
			ledger_entries: entries,
			mismatched_days: (days as [number])[0],
		},
		jobs: await db
			.select({
				job: jobRuns.job,
				status: jobRuns.status,
				runs: count(),
				lastStart: sql<number>`max(${jobRuns.startedAt})`,
				lastEnd: max(jobRuns.finishedAt),
			})
			.from(jobRuns)
			.groupBy(jobRuns.job, jobRuns.status),
	}
}
