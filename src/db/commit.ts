import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { toHex, utf8 } from '../core/bytes.ts'
import { AppError } from '../core/errors.ts'
import { formatTime } from '../core/time.ts'
import { entryText } from '../ledger/entry.ts'
import { entryMac } from '../ledger/entry-mac.ts'
import { leafHash } from '../ledger/tree.ts'
import type { Change, EntryDraft, Query } from './changes.ts'
import type { Statement } from './sql.ts'

export type { Change, ChangeSet, EntryDraft } from './changes.ts'

/** The position of an entry in the ledger; `leafHash` in hexadecimal. */
export type CommittedEntry = { index: number; leafHash: string }

/** What fits into a bundle of tlog-tiles. */
const maxEntryBytes = 65_535

const entryInsert = `INSERT INTO ledger_entry (idx, at, actor, action, object, model, entry, leaf_hash, mac)
	VALUES ((SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry), ?, ?, ?, ?, ?, ?, ?, ?)`

const isQuery = (q: Query | Statement): q is Query => 'toSQL' in q
const guard: Statement = { sql: 'INSERT INTO guard (ok) VALUES (changes() > 0)' }

function toStatement(query: Query | Statement): Statement {
	if (!isQuery(query)) return query
	const { sql, params } = query.toSQL()
	return { sql, params: params as NonNullable<Statement['params']> }
}

/**
 * The only way to change state: statements and their ledger entries in one batch, all or nothing. The batch itself gives
 * the entries the next indexes, so that writers never race for one. Returns the positions of the entries. Throws
 * `conflict` when a guarded statement changes no row.
 */
export async function commit(
	context: Context,
	actor: Pick<Actor, 'id' | 'how' | 'request'>,
	drafts: EntryDraft | readonly EntryDraft[],
	changes: readonly Change[],
): Promise<CommittedEntry[]> {
	const at = context.now()
	const hashes: string[] = []
	const statements: Statement[] = []
	for (const change of changes) {
		statements.push(toStatement(change.query))
		if (change.guarded) statements.push(guard)
	}
	const who = { id: actor.id, how: actor.how }
	const entries = Array.isArray(drafts) ? (drafts as EntryDraft[]) : [drafts as EntryDraft]
	for (const draft of entries) {
		const text = entryText({
			...draft,
			at: formatTime(at),
			actor: who,
			...(actor.request === undefined ? {} : { request: actor.request }),
		})
		const bytes = utf8(text)
		if (bytes.length > maxEntryBytes)
			throw new AppError(
				'too-large',
				`The entry ${draft.action} of ${draft.object} has ${bytes.length} bytes for the ledger, which takes ${maxEntryBytes}. Send less in one change.`,
			)
		const hash = leafHash(bytes)
		const mac = context.ledgerKey ? entryMac(context.ledgerKey.macKey, hash, at, context.random) : null
		hashes.push(toHex(hash))
		statements.push({
			sql: hashes.length === entries.length ? `${entryInsert} RETURNING idx` : entryInsert,
			params: [at, actor.id, draft.action, draft.object, draft.model ?? null, text, hash, mac],
		})
	}
	try {
		const results = await context.sql.batch(statements)
		context.committed?.(entries)
		// The last entry alone returns its index, which takes SQLite as long as storing it.
		const first = Number(results.at(-1)?.[0]?.[0]) + 1 - hashes.length
		return hashes.map((hash, i) => ({ index: first + i, leafHash: hash }))
	} catch (cause) {
		if (String(cause).includes('CHECK constraint failed') && String(cause).includes('ok = 1'))
			throw new AppError('conflict', 'The object changed in the meantime. Read it again, then repeat.', {
				cause,
			})
		throw cause
	}
}
