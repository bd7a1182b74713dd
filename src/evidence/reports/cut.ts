import { desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { toHex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { ledgerCheckpoints, ledgerEntries } from '../../db/schema.ts'
import { checkpoint } from '../ledger/checkpoint.ts'
import type { ReportCut } from './template.ts'

const fault = (message: string) =>
	new AppError('invalid', `cut.size: ${message}`, { faults: [{ path: 'cut.size', message }] })

/** The ledger as of a signed checkpoint: the given one, or the newest. What had been stored when it was signed counts. */
export async function findCut(context: Context, size: number | undefined): Promise<ReportCut> {
	const found = size === undefined ? await newestCut(context) : await checkpointOf(context, size)
	return { size: found.size, root: toHex(found.root), at: found.at }
}

type Found = typeof ledgerCheckpoints.$inferSelect

async function checkpointOf(context: Context, size: number): Promise<Found> {
	const { db } = context
	const [found] = await db.select().from(ledgerCheckpoints).where(eq(ledgerCheckpoints.size, size))
	if (found) return found
	const [entries] = await db.select({ size: sql<number>`coalesce(max(idx) + 1, 0)` }).from(ledgerEntries)
	if (size > (entries?.size ?? 0))
		throw fault(`the ledger has ${entries?.size ?? 0} entries. Leave \`cut\` out for the newest checkpoint.`)
	const [before] = await db
		.select({ size: ledgerCheckpoints.size })
		.from(ledgerCheckpoints)
		.where(lt(ledgerCheckpoints.size, size))
		.orderBy(desc(ledgerCheckpoints.size))
		.limit(1)
	const [after] = await db
		.select({ size: ledgerCheckpoints.size })
		.from(ledgerCheckpoints)
		.where(gte(ledgerCheckpoints.size, size))
		.orderBy(ledgerCheckpoints.size)
		.limit(1)
	const near = [before, after].flatMap((c) => (c ? [c.size] : [])).join(' and ')
	throw fault(
		`there is no checkpoint of ${size} entries.${near === '' ? '' : ` The nearest are of ${near}.`} Leave \`cut\` out for the newest.`,
	)
}

/** The newest checkpoint; a new one if anything else than reports has been recorded or computed since. */
async function newestCut(context: Context): Promise<Found> {
	const newest = await newestOf(context)
	if (newest && !(await hasNews(context, newest))) return newest
	// What was computed leaves no entry; this one makes a checkpoint after it.
	await commit(context, { id: 'job:reports', how: 'job' }, { action: cutAction, object: 'ledger:cut' }, [])
	await checkpoint(context)
	const made = await newestOf(context)
	if (made) return made
	throw new AppError('conflict', 'The ledger has no entries yet, so there is nothing to report.')
}

const cutAction = 'cut-ledger'
/** What making and reading reports writes itself: no reason for another cut. */
const ownActions = [
	...['create-report', 'sign-report', 'read-report', 'create-request', 'draw-background', 'commit-state'],
	cutAction,
]

async function newestOf({ db }: Context): Promise<Found | undefined> {
	const [row] = await db.select().from(ledgerCheckpoints).orderBy(desc(ledgerCheckpoints.size)).limit(1)
	return row
}

async function hasNews({ sql }: Context, { size, at }: Found): Promise<boolean> {
	const [news] = await sql.all({
		sql: `SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM log_unsealed) OR EXISTS (SELECT 1 FROM ledger_entry
			WHERE idx >= ?1 AND action NOT IN (SELECT value FROM json_each(?2)))
			OR EXISTS (SELECT 1 FROM (SELECT * FROM metric_change ORDER BY sequence DESC LIMIT 1) c
				JOIN (${computedSql}) r ON r.series = c.series AND r.hours = c.hours AND r.from_ms = c.from_ms
				WHERE r.computed_at > ?3)`,
		params: [size, JSON.stringify(ownActions), at],
	})
	return news !== undefined
}

const computedSql = ['metric_record', 'outcome_record', 'attribution_record']
	.map((table) => `SELECT series, hours, from_ms, computed_at FROM ${table}`)
	.join(' UNION ALL ')
