import { count, max, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { accessKeys, jobRuns, ledgerEntries, models, modelVersions } from '../db/schema.ts'
import { allModels } from '../registry/model/find-model.ts'
import { serviceModel, severities } from '../rules/rule-set.ts'

const patienceMs = 1500
const underWay = new WeakMap<Context, Promise<void>>()

/**
 * Reads and writes the database. Throws what the driver throws when it cannot, and `unavailable` when that takes too long. A
 * check that is still waiting serves those that ask meanwhile.
 */
export async function checkStore(context: Context): Promise<void> {
	let check = underWay.get(context)
	if (!check) {
		check = readAndWrite(context).finally(() => underWay.delete(context))
		underWay.set(context, check)
	}
	let timer: ReturnType<typeof setTimeout> | undefined
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() =>
				reject(
					new AppError(
						'unavailable',
						`The database was not written within ${patienceMs} ms. Another process may hold it, or its disk is slow.`,
					),
				),
			patienceMs,
		)
	})
	try {
		await Promise.race([check, late])
	} finally {
		clearTimeout(timer)
		// When it fails later nobody waits for it any more.
		check.catch(() => {})
	}
}

/** The write is one that leaves nothing: the guard table deletes what is inserted into it. */
async function readAndWrite(context: Context): Promise<void> {
	await context.sql.values({ sql: 'SELECT 1 FROM model LIMIT 1' })
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
	/** Open and acknowledged ones by severity, zeros included. */
	incidents: ModelCount[]
	/** Of all time, by code. */
	rejectedRows: ModelCount[]
}

/** How many objects there are, how the jobs went, and what each model has. Reads nothing that grows with stored rows. */
export async function readCounts(context: Context): Promise<Counts> {
	const { db } = context
	const rows = await Promise.all([
		db.select({ n: count() }).from(models),
		db.select({ n: count() }).from(modelVersions),
		db.select({ n: count() }).from(accessKeys),
		db.select({ n: sql<number>`coalesce(max(${ledgerEntries.idx}) + 1, 0)` }).from(ledgerEntries),
	])
	const [days] = await context.sql.values({ sql: 'SELECT count(*) FROM replay_day WHERE standing = 1' })
	const [modelCount = 0, versions = 0, keys = 0, entries = 0] = rows.map(([row]) => row?.n ?? 0)
	return {
		objects: {
			models: modelCount,
			versions,
			keys,
			ledger_entries: entries,
			replay_mismatches: (days as [number])[0],
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
		incidents: await openIncidents(context),
		rejectedRows: await modelCounts(context, 'SELECT model, code, rows FROM rejected_total'),
	}
}

async function modelCounts({ sql }: Context, query: string): Promise<ModelCount[]> {
	const rows = (await sql.values({ sql: query })) as unknown as [string, string, number][]
	return rows.map(([model, of, count]) => ({ model, of, count }))
}

/** Zeros too: a series that is not there cannot be told from a service that does not count. */
async function openIncidents(context: Context): Promise<ModelCount[]> {
	const open = await modelCounts(
		context,
		"SELECT model, severity, count(*) FROM incident WHERE status <> 'resolved' GROUP BY model, severity",
	)
	const counts = new Map(open.map(({ model, of, count }) => [JSON.stringify([model, of]), count]))
	const names = (await allModels(context)).map(({ name }) => name)
	return [serviceModel, ...names].flatMap((model) =>
		severities.map((of) => ({ model, of, count: counts.get(JSON.stringify([model, of])) ?? 0 })),
	)
}
