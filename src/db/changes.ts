import type { LedgerEntry } from '../ledger/entry.ts'
import type { Statement } from './sql.ts'

/** Any drizzle insert, update or delete that has not been awaited. */
export type Query = { toSQL(): { sql: string; params: unknown[] } }

export type Change = {
	query: Query | Statement
	/** A compare-and-set: the commit fails with `conflict` unless this statement changes at least one row. */
	guarded?: boolean
}

/** The part of an entry that the caller knows; time and actor are filled in. */
export type EntryDraft = Omit<LedgerEntry, 'at' | 'actor' | 'request'>

/** Everything that one commit is going to store, while it is collected. */
export type ChangeSet = { changes: Change[]; entries: EntryDraft[] }
