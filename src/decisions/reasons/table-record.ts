import { and, desc, eq, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorNumber, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { inList } from '../../db/database.ts'
import { reasonTableApprovals, reasonTables } from '../../db/schema.ts'
import type { ReasonTable } from '../../explain/reasons/reason-table.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, quote } from '../../registry/model/find-model.ts'
import type { TableRecord } from './reason-table.schema.ts'

export type TableRow = typeof reasonTables.$inferSelect
type ApprovalRow = typeof reasonTableApprovals.$inferSelect

/** How many people other than the proposer must approve the words that applicants are given. */
export const approversNeeded = 2

export type TableContent = { model: string; version: string | null; table: ReasonTable }

export const toTableRecord = (
	row: TableRow,
	approvals: readonly ApprovalRow[],
	newestApproved: number | undefined,
): TableRecord => ({
	model: row.model,
	revision: row.revision,
	version: row.version,
	status: statusOf(row, newestApproved),
	digest: row.digest,
	table: (JSON.parse(row.content) as TableContent).table,
	proposer: row.proposer,
	reason: row.reason,
	createdAt: formatTime(row.createdAt),
	approvedAt: row.approvedAt === null ? null : formatTime(row.approvedAt),
	needs: approversNeeded,
	approvals: approvals.map(({ approver, at, digest, reason }) => ({
		approver,
		at: formatTime(at),
		digest,
		reason,
	})),
})

/** `newestApproved` is the highest approved revision of the same scope, which is the one in force. */
export function statusOf(
	{ revision, approvedAt }: TableRow,
	newestApproved: number | undefined,
): TableRecord['status'] {
	if (newestApproved !== undefined && newestApproved > revision) return 'superseded'
	return approvedAt === null ? 'draft' : 'approved'
}

const sameScope = (row: Pick<TableRow, 'model' | 'version'>) =>
	and(
		eq(reasonTables.model, row.model),
		row.version === null ? isNull(reasonTables.version) : eq(reasonTables.version, row.version),
	)

/** The highest approved revision of a table's model and version. */
export async function newestApproved(
	context: Context,
	row: Pick<TableRow, 'model' | 'version'>,
): Promise<number | undefined> {
	const [newest] = await context.db
		.select({ revision: reasonTables.revision })
		.from(reasonTables)
		.where(and(sameScope(row), isNotNull(reasonTables.approvedAt)))
		.orderBy(desc(reasonTables.revision))
		.limit(1)
	return newest?.revision
}

/** Rows with their approvals. */
export async function withApprovals(context: Context, rows: readonly TableRow[]): Promise<TableRecord[]> {
	const [first] = rows
	if (!first) return []
	const approvals = await context.db
		.select()
		.from(reasonTableApprovals)
		.where(
			and(
				eq(reasonTableApprovals.model, first.model),
				inList(
					reasonTableApprovals.revision,
					rows.map((r) => r.revision),
				),
			),
		)
		.orderBy(reasonTableApprovals.at, reasonTableApprovals.approver)
	const newest = new Map<string | null, number | undefined>()
	for (const row of rows)
		if (!newest.has(row.version)) newest.set(row.version, await newestApproved(context, row))
	return rows.map((row) =>
		toTableRecord(
			row,
			approvals.filter((a) => a.revision === row.revision),
			newest.get(row.version),
		),
	)
}

/** Throws `not-found` for an unknown model or revision. */
export async function findTable(context: Context, model: string, revision: number): Promise<TableRow> {
	const one = and(eq(reasonTables.model, model), eq(reasonTables.revision, revision))
	const [row] = await context.db.select().from(reasonTables).where(one)
	if (row) return row
	const { name } = await findModel(context, model)
	throw new AppError('not-found', `The model ${quote(name)} has no reason table ${revision}.`, {
		hint: { to: 'list-reason-tables', model: name },
	})
}

export async function getTable(
	context: Context,
	actor: Actor,
	model: string,
	revision: number,
): Promise<TableRecord> {
	authorise(actor, readers, model)
	const [record] = await withApprovals(context, [await findTable(context, model, revision)])
	return record as TableRecord
}

/** The reason tables of a model, the newest first. */
export async function listTables(
	context: Context,
	actor: Actor,
	model: string,
	page: PageQuery,
): Promise<Page<TableRecord>> {
	authorise(actor, readers, model)
	await findModel(context, model)
	const before = cursorNumber(page.cursor)
	const rows = await context.db
		.select()
		.from(reasonTables)
		.where(
			and(
				eq(reasonTables.model, model),
				before === undefined ? undefined : lt(reasonTables.revision, before),
			),
		)
		.orderBy(desc(reasonTables.revision))
		.limit(page.limit + 1)
	const { items, next } = toPage(
		rows,
		page.limit,
		(row) => row.revision,
		(row) => row,
	)
	return { items: await withApprovals(context, items), next }
}
