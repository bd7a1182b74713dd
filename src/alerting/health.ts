import { count, max, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import {
	accessKeys,
	incidents,
	jobRuns,
	ledgerEntries,
	models,
	modelVersions,
	rejectedTotals,
	replayDays,
} from '../db/schema.ts'
import { allModels } from '../registry/model/find-model.ts'
import { serviceModel, severities } from '../rules/rule-set.ts'

const timeoutMs = 1500
const running = new WeakMap<Context, Promise<void>>()

/**
 * Reads and writes the database. Throws the driver's error, or `unavailable` after a timeout. Calls during a check share
 * its result.
 */
export async function checkStore(context: Context): Promise<void> {
	let check = running.get(context)
	if (!check) {
		check = readAndWrite(context).finally(() => running.delete(context))
		running.set(context, check)
	}
	let timer: ReturnType<typeof setTimeout> | undefined
	const timeout = new Promise<never>((_, reject) => {
		const message = `The database could not be written within ${timeoutMs} ms. Another process may hold its lock, or the disk is slow.`
		timer = setTimeout(() => reject(new AppError('unavailable', message)), timeoutMs)
	})
	try {
		await Promise.race([check, timeout])
	} finally {
		clearTimeout(timer)
		// A check that fails after the timeout must not become an unhandled rejection.
		check.catch(() => {})
	}
}

/** The write leaves nothing behind: a trigger of the guard table deletes what is inserted. */
async function readAndWrite(context: Context): Promise<void> {
	await context.db.select({ name: models.name }).from(models).limit(1)
	await context.sql.batch([{ sql: 'INSERT INTO guard (ok) VALUES (1)' }])
}

export type JobCounts = {
	job: string
	status: string
	runs: number
	lastStart: number
	lastEnd: number | null
}
/** How many of something a model has. */
export type ModelCount = { model: string; of: string; count: number }
export type Counts = {
	objects: Record<string, number>
	jobs: JobCounts[]
	/** Open and acknowledged incidents by severity, zeros included. */
	incidents: ModelCount[]
	/** Rejected rows of all time, by code. */
	rejectedRows: ModelCount[]
}

// Conditions of partial indexes are literals: SQLite does not use such an index for a bound parameter.

/** Counts of objects, job runs, and incidents and rejected rows by model. Its cost does not grow with the stored rows. */
export async function readCounts(context: Context): Promise<Counts> {
	const { db } = context
	const rows = await Promise.all([
		db.select({ n: count() }).from(models),
		db.select({ n: count() }).from(modelVersions),
		db.select({ n: count() }).from(accessKeys),
		db.select({ n: sql<number>`coalesce(max(${ledgerEntries.idx}) + 1, 0)` }).from(ledgerEntries),
		db.select({ n: count() }).from(replayDays).where(sql`${replayDays.unresolved} = 1`),
	])
	const [modelCount = 0, versions = 0, keys = 0, entries = 0, mismatches = 0] = rows.map(
		([row]) => row?.n ?? 0,
	)
	return {
		objects: {
			models: modelCount,
			versions,
			keys,
			ledger_entries: entries,
			replay_mismatches: mismatches,
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
		incidents: await openIncidentCounts(context),
		rejectedRows: await db
			.select({ model: rejectedTotals.model, of: rejectedTotals.code, count: rejectedTotals.rows })
			.from(rejectedTotals),
	}
}

/** With zeros: a missing time series looks the same as a service that does not count. */
async function openIncidentCounts(context: Context): Promise<ModelCount[]> {
	const open = await context.db
		.select({ model: incidents.model, of: incidents.severity, count: count() })
		.from(incidents)
		.where(sql`${incidents.status} <> 'resolved'`)
		.groupBy(incidents.model, incidents.severity)
	const counts = new Map(open.map(({ model, of, count }) => [JSON.stringify([model, of]), count]))
	const names = (await allModels(context)).map(({ name }) => name)
	return [serviceModel, ...names].flatMap((model) =>
		severities.map((of) => ({ model, of, count: counts.get(JSON.stringify([model, of])) ?? 0 })),
	)
}
