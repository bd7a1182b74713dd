import { and, eq, isNull, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { BoundedCache } from '../../core/bounded-cache.ts'
import { formatTime } from '../../core/time.ts'
import { reasonTables } from '../../db/schema.ts'
import type { ReasonTable } from '../../explain/reasons/reason-table.ts'
import type { TableContent } from './table-record.ts'

/** `approvedLater`: none was in force at that time; this is the first one after it. */
export type TableInForce = {
	revision: number
	digest: string
	table: ReasonTable
	approvedAt: string
	approvedLater: boolean
}

// A digest's content never changes, so it is parsed once.
const parsed = new BoundedCache<string, ReasonTable>({ max: 200 })

const tableOf = (digest: string, content: string): ReasonTable =>
	parsed.getOrInsert(digest, () => (JSON.parse(content) as TableContent).table)

/**
 * The reason table in force at a moment: the newest approved one of the version, else of the model. When there was none, the
 * first one approved later, up to `asOf`. Undefined when there is none at all.
 */
export async function tableInForce(
	context: Context,
	model: string,
	version: string,
	at: number,
	asOf = Number.MAX_SAFE_INTEGER,
): Promise<TableInForce | undefined> {
	const then = sql`${reasonTables.approvedAt} <= ${at}`
	const [row] = await context.db
		.select()
		.from(reasonTables)
		.where(
			and(
				eq(reasonTables.model, model),
				lte(reasonTables.approvedAt, asOf),
				or(isNull(reasonTables.version), eq(reasonTables.version, version)),
			),
		)
		.orderBy(
			sql`${then} DESC`,
			sql`${reasonTables.version} IS NOT NULL DESC`,
			sql`CASE WHEN ${then} THEN -${reasonTables.revision} ELSE ${reasonTables.revision} END`,
		)
		.limit(1)
	if (!row || row.approvedAt === null) return undefined
	return {
		revision: row.revision,
		digest: row.digest,
		table: tableOf(row.digest, row.content),
		approvedAt: formatTime(row.approvedAt),
		approvedLater: row.approvedAt > at,
	}
}
