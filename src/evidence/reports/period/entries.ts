import { and, asc, eq, lt, sql } from 'drizzle-orm'
import type { Context } from '../../../context.ts'
import { groupBy } from '../../../core/maps.ts'
import { ledgerEntries } from '../../../db/schema.ts'
import type { LedgerEntry } from '../../../ledger/entry.ts'
import type { ReportCut } from '../template.ts'

/** An entry with its index. */
export type PastEntry = LedgerEntry & { index: number }

// Most entries are about rows and reads of decisions, which no report of a period lists.
const isListed = sql`substr(${ledgerEntries.object}, 1, instr(${ledgerEntries.object}, ':') - 1)
	NOT IN ('rows', 'prediction', 'subject') AND ${ledgerEntries.action} NOT GLOB 'read-*'`

/** The entries about a model up to the cut, by object: what the ledger says of each, oldest first. */
export async function entriesByObject(
	context: Context,
	model: string,
	cut: ReportCut,
): Promise<ReadonlyMap<string, PastEntry[]>> {
	const rows = await context.db
		.select({ index: ledgerEntries.idx, entry: ledgerEntries.entry })
		.from(ledgerEntries)
		.where(and(eq(ledgerEntries.model, model), lt(ledgerEntries.idx, cut.size), isListed))
		.orderBy(asc(ledgerEntries.idx))
	const entries = rows.map(({ index, entry }) => ({ ...(JSON.parse(entry) as LedgerEntry), index }))
	return groupBy(entries, ({ object }) => object)
}

/** The ids of objects of a kind, such as `incident`. */
export const idsOf = (entries: ReadonlyMap<string, PastEntry[]>, kind: string): string[] =>
	[...entries.keys()].flatMap((object) =>
		object.startsWith(`${kind}:`) ? [object.slice(kind.length + 1)] : [],
	)
