import { asc, gt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { collectPage, cursorText, type Page, type PageQuery } from '../../core/page.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise, coversGlobs } from './authorise.ts'
import type { KeyRecord } from './key.schema.ts'
import { toKeyRecord } from './key-record.ts'

/** The keys whose models are all in the actor's scope, in order of their id, without secrets. */
export async function listKeys(context: Context, actor: Actor, page: PageQuery): Promise<Page<KeyRecord>> {
	authorise(actor, 'admin')
	const now = context.now()
	return collectPage(
		page.limit,
		(after, count) =>
			context.db
				.select()
				.from(accessKeys)
				.where(after === undefined ? undefined : gt(accessKeys.id, after))
				.orderBy(asc(accessKeys.id))
				.limit(count),
		cursorText(page.cursor),
		(row) => row.id,
		(row) => coversGlobs(actor, row.models),
		(row) => toKeyRecord(row, now),
	)
}
