import { asc, gt } from 'drizzle-orm'
import type { Actor, Context } from '../../context.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise } from '../authorise.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../page.ts'
import { type KeyRecord, toKeyRecord } from './key-record.ts'

/** Keys in order of their id, without secrets. */
export async function listKeys(context: Context, actor: Actor, page: PageQuery): Promise<Page<KeyRecord>> {
	authorise(actor, 'admin')
	const after = cursorText(page.cursor)
	const rows = await context.db
		.select()
		.from(accessKeys)
		.where(after === undefined ? undefined : gt(accessKeys.id, after))
		.orderBy(asc(accessKeys.id))
		.limit(page.limit + 1)
	const now = context.now()
	return toPage(
		rows,
		page.limit,
		(row) => row.id,
		(row) => toKeyRecord(row, now),
	)
}
