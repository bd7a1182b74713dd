import { and, desc, eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorNumber, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { reasonTables } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, quote } from '../../registry/model/find-model.ts'
import type { TableRecord } from './reason-table.schema.ts'
import { type TableRow, withApprovals } from './table-record.ts'

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
