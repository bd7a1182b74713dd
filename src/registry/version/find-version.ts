import { and, asc, eq, gt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { modelVersions } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { findModel, notFound, quote } from '../model/find-model.ts'
import type { VersionRecord } from './version.schema.ts'

export type VersionRow = typeof modelVersions.$inferSelect

/** A registered version. Throws `not-found` for the model or the version, with the nearest name. */
export async function findVersion(context: Context, model: string, version: string): Promise<VersionRow> {
	const one = and(eq(modelVersions.model, model), eq(modelVersions.version, version))
	const [row] = await context.db.select().from(modelVersions).where(one).limit(1)
	if (row) return row
	const { name } = await findModel(context, model)
	const known = await versionNames(context, name)
	const message = `The model ${quote(name)} has no version ${quote(version)}.`
	throw notFound(message, version, known, { to: 'register-version', model: name })
}

/** The training run that a version names as its origin; undefined if it names none or is not registered. */
export async function lineageRun(
	{ db }: Pick<Context, 'db'>,
	model: string,
	version: string,
): Promise<string | undefined> {
	const one = and(eq(modelVersions.model, model), eq(modelVersions.version, version))
	const [row] = await db.select({ lineage: modelVersions.lineage }).from(modelVersions).where(one)
	return typeof row?.lineage?.run === 'string' ? row.lineage.run : undefined
}

export async function versionNames(context: Context, model: string): Promise<string[]> {
	const rows = await context.db
		.select({ version: modelVersions.version })
		.from(modelVersions)
		.where(eq(modelVersions.model, model))
	return rows.map((r) => r.version)
}

export const toVersionRecord = (row: VersionRow): VersionRecord => ({
	...row,
	createdAt: formatTime(row.createdAt),
})

/** Lists the versions of a model by name. */
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
