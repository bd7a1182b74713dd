import type { Context } from '../../context.ts'
import { newestCheckpoint } from './checkpoint.ts'
import { mismatch } from './mismatch.ts'
import { verifyDatabase } from './verify-database.ts'

/** How many entries a start looks at. */
const startEntries = 10_000

/**
 * Verifies the ledger and what its entries commit to: all of it, or at the start the last 10,000 entries. A mismatch opens the critical
 * incident under which nothing is signed. Throws then.
 */
export async function verifyOwnLedger(
	context: Context,
	{ isStart = false } = {},
): Promise<{ status: string; entries: number; records: number }> {
	const last = await newestCheckpoint(context)
	if (!context.ledgerKey || !last) return { status: 'unsigned', entries: 0, records: 0 }
	const since = isStart ? Math.max(0, last.size - startEntries) : 0
	const { status, entries, records, failures } = await verifyDatabase(context, { since })
	if (status !== 'mismatch') return { status, entries, records }
	const shown = failures.slice(0, 3).map(({ where, what }) => `${where}: ${what}`)
	const more = failures.length > shown.length ? ` And ${failures.length - shown.length} more.` : ''
	throw await mismatch(context, `${shown.join(' ')}${more}`)
}
