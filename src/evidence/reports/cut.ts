import { between, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { toHex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { ledgerCheckpoints, ledgerEntries } from '../../db/schema.ts'
import { checkpoint, newestCheckpoint } from '../ledger/checkpoint.ts'
import type { ReportCut } from './template.ts'

const fault = (message: string) =>
	new AppError('invalid', `cut.size: ${message}`, { faults: [{ path: 'cut.size', message }] })

/** The ledger as of a signed checkpoint: the given one, or the newest. */
export async function findCut(context: Context, size: number | undefined): Promise<ReportCut> {
	const found = size === undefined ? await newestCut(context) : await checkpointOf(context, size)
	const at = await timesAround(context, found.size)
	// What is computed leaves no entry: the state of the cut lasts until the next one.
	const until = (at.next ?? context.now() + 1) - 1
	return { size: found.size, root: toHex(found.root), at: Math.max(at.last ?? 0, until) }
}

/** When the last entry of the cut was added, and the first one after it. */
async function timesAround({ db }: Context, size: number) {
	const rows = await db
		.select({ idx: ledgerEntries.idx, at: ledgerEntries.at })
		.from(ledgerEntries)
		.where(between(ledgerEntries.idx, size - 1, size))
	const of = (idx: number) => rows.find((row) => row.idx === idx)?.at
	return { last: of(size - 1), next: of(size) }
}

type Found = { size: number; root: Uint8Array }

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

/** What making and reading reports writes itself: no reason for another cut. */
const ownActions = ['create-report', 'sign-report', 'read-report', 'create-request', 'draw-background']

/** The newest checkpoint; a new one if anything else than reports has been recorded since. */
async function newestCut(context: Context): Promise<Found> {
	const newest = await newestCheckpoint(context)
	if (newest && !(await hasNews(context, newest.size))) return newest
	const made = await checkpoint(context)
	if (made) return made
	throw new AppError('conflict', 'The ledger has no entries yet, so there is nothing to report.')
}

async function hasNews({ sql }: Context, size: number): Promise<boolean> {
	const [news] = await sql.all({
		sql: `SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM log_unsealed) OR EXISTS (SELECT 1 FROM ledger_entry
			WHERE idx >= ? AND action NOT IN (SELECT value FROM json_each(?)))`,
		params: [size, JSON.stringify(ownActions)],
	})
	return news !== undefined
}
