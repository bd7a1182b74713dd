import { and, asc, eq, gt, gte, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { toHex } from '../../core/bytes.ts'
import { cursorNumber, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { ledgerEntries } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import type { EntryRecord } from './audit.schema.ts'

type EntryRow = typeof ledgerEntries.$inferSelect

export type EntryQuery = PageQuery & {
	object?: string | undefined
	action?: string | undefined
	model?: string | undefined
	/** In ms since the epoch; `to` is exclusive. */
	from?: number | undefined
	to?: number | undefined
}

const toRecord = (row: EntryRow): EntryRecord => ({
	index: row.idx,
	at: formatTime(row.at),
	actor: row.actor,
	action: row.action,
	object: row.object,
	model: row.model,
	leafHash: toHex(row.leafHash),
	entry: row.entry,
})

/** Ledger entries by index. An actor whose scope is not `*` sees only the entries of its models. */
export async function listEntries(
	context: Context,
	actor: Actor,
	query: EntryQuery,
): Promise<Page<EntryRecord>> {
	authorise(actor, 'auditor', query.model)
	const { object, action, model, from, to, limit } = query
	const after = cursorNumber(query.cursor)
	const matching = [
		await inReach(context, actor, ledgerEntries.model),
		object === undefined ? undefined : eq(ledgerEntries.object, object),
		action === undefined ? undefined : eq(ledgerEntries.action, action),
		model === undefined ? undefined : eq(ledgerEntries.model, model),
		from === undefined ? undefined : gte(ledgerEntries.at, from),
		to === undefined ? undefined : lt(ledgerEntries.at, to),
		after === undefined ? undefined : gt(ledgerEntries.idx, after),
	]
	const rows = await context.db
		.select()
		.from(ledgerEntries)
		.where(and(...matching))
		.orderBy(asc(ledgerEntries.idx))
		.limit(limit + 1)
	return toPage(rows, limit, (row) => row.idx, toRecord)
}
