import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const leases = sqliteTable('lease', {
	name: text().primaryKey(),
	owner: text().notNull(),
	fence: integer().notNull(),
	until: integer().notNull(),
	/** Counts the renewals of the current owner. */
	renewals: integer().notNull().default(0),
})

export const jobRuns = sqliteTable('job_run', {
	id: text().primaryKey(),
	job: text().notNull(),
	startedAt: integer('started_at').notNull(),
	finishedAt: integer('finished_at'),
	status: text().$type<'running' | 'ok' | 'failed'>().notNull(),
	error: text(),
	detail: text({ mode: 'json' }).$type<Record<string, unknown>>(),
})

/** When each job is due, and since when a process runs it. */
export const jobSchedules = sqliteTable('job_schedule', {
	job: text().primaryKey(),
	cron: text().notNull(),
	since: integer().notNull(),
})

/** What the running service has in effect, for commands beside it: the digest of its rules, whether Slack is connected. */
export const serviceStates = sqliteTable('service_state', {
	name: text().primaryKey(),
	value: text().notNull(),
	at: integer().notNull(),
})

/** Signed messages that other systems have delivered, and what each was about, so that none is taken twice. */
export const deliveries = sqliteTable(
	'delivery',
	{
		source: text().$type<'result' | 'mlflow' | 'github'>().notNull(),
		id: text().notNull(),
		object: text().notNull(),
		seenAt: integer('seen_at').notNull(),
	},
	(t) => [primaryKey({ columns: [t.source, t.id] })],
)

/** Deployments of GitHub Actions that wait until their request is decided. */
export const githubGates = sqliteTable(
	'github_gate',
	{
		callbackUrl: text('callback_url').notNull(),
		environment: text().notNull(),
		/** The URL of the run in GitHub's API. */
		run: text().notNull(),
		installation: integer().notNull(),
		request: text(),
		askedAt: integer('asked_at').notNull(),
		answeredAt: integer('answered_at'),
		answer: text().$type<'approved' | 'rejected'>(),
	},
	(t) => [primaryKey({ columns: [t.callbackUrl, t.environment] })],
)
