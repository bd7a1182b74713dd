import { and, asc, eq, gt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { modelVersions } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { findModel } from '../model/find-model.ts'
import type { VersionRecord } from './version.schema.ts'
import { toVersionRecord } from './version-record.ts'

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
