import { and, asc, desc, eq, gt, gte, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { toHex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { cursorNumber, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { ledgerEntries } from '../../db/schema.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import type { EntryRecord } from './audit.schema.ts'
import { byPerson } from './recent-entries.ts'

type EntryRow = typeof ledgerEntries.$inferSelect

export type EntryQuery = PageQuery & {
	object?: string | undefined
	action?: string | undefined
	model?: string | undefined
	/** The owner of keys and Slack users, or one actor. */
	person?: string | undefined
	order?: 'oldest' | 'newest' | undefined
	/** Only entries with a larger index. */
	after?: number | undefined
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
	const { object, action, model, person, from, to, limit } = query
	const after = cursorNumber(query.cursor)
	const isNewestFirst = query.order === 'newest'
	const matching = [
		await inReach(context, actor, ledgerEntries.model),
		object === undefined ? undefined : eq(ledgerEntries.object, object),
		action === undefined ? undefined : ofAction(action),
		person === undefined ? undefined : await byPerson(context, person),
		model === undefined ? undefined : eq(ledgerEntries.model, model),
		from === undefined ? undefined : gte(ledgerEntries.at, from),
		to === undefined ? undefined : lt(ledgerEntries.at, to),
		query.after === undefined ? undefined : gt(ledgerEntries.idx, query.after),
		after === undefined ? undefined : (isNewestFirst ? lt : gt)(ledgerEntries.idx, after),
	]
	const rows = await context.db
		.select()
		.from(ledgerEntries)
		.where(and(...matching))
		.orderBy((isNewestFirst ? desc : asc)(ledgerEntries.idx))
		.limit(limit + 1)
	const page = toPage(rows, limit, (row) => row.idx, toRecord)
	await recordRead(context, actor, query)
	return page
}

/** An action, or a glob of actions such as `*-key`. */
const ofAction = (action: string) =>
	/[*?[]/.test(action) ? sql`${ledgerEntries.action} GLOB ${action}` : eq(ledgerEntries.action, action)

/** The pages that follow the first one within the hour are one read: each would otherwise add the next page's entry. */
const oneReadMs = hourMs

async function recordRead(context: Context, actor: Actor, query: EntryQuery): Promise<void> {
	const { object, action, model, person, from, to } = query
	const details = { object, action, person, from, to }
	const draft = {
		action: 'read-entries',
		object: 'ledger',
		...(model === undefined ? {} : { model }),
		details,
	}
	if (query.cursor !== undefined || query.after !== undefined) {
		const [last] = await context.db
			.select({ entry: ledgerEntries.entry })
			.from(ledgerEntries)
			.where(
				and(
					eq(ledgerEntries.object, draft.object),
					eq(ledgerEntries.actor, actor.id),
					gte(ledgerEntries.at, context.now() - oneReadMs),
				),
			)
			.orderBy(desc(ledgerEntries.idx))
			.limit(1)
		const before = last && (JSON.parse(last.entry) as LedgerEntry)
		if (before && canonicalJson([before.model, before.details]) === canonicalJson([model, details])) return
	}
	await commit(context, actor, draft, [])
}
