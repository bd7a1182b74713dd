import { and, asc, eq, gt } from 'drizzle-orm'
import type { Actor, Context } from '../../context.ts'
import { modelVersions } from '../../db/schema.ts'
import { authorise } from '../authorise.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../page.ts'
import { findModel } from './find-model.ts'
import { toVersionRecord, type VersionRecord } from './version-record.ts'

/** The versions of a model in order of their name. */
export async function listVersions(
	context: Context,
	actor: Actor,
	model: string,
	page: PageQuery,
): Promise<Page<VersionRecord>> {
	authorise(actor, 'viewer', model)
	await findModel(context, model)
	const after = cursorText(page.cursor)
	const rows = await context.db
		.select()
		.from(modelVersions)
		.where(
			and(eq(modelVersions.model, model), after === undefined ? undefined : gt(modelVersions.version, after)),
		)
		.orderBy(asc(modelVersions.version))
		.limit(page.limit + 1)
	return toPage(rows, page.limit, (row) => row.version, toVersionRecord)
}
