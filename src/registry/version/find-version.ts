import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { modelVersions } from '../../db/schema.ts'
import { findModel, notFound, quote } from '../model/find-model.ts'

export type VersionRow = typeof modelVersions.$inferSelect

/** A registered version. Throws `not-found` for the model or the version, with the nearest name that there is. */
export async function findVersion(context: Context, model: string, version: string): Promise<VersionRow> {
	const one = and(eq(modelVersions.model, model), eq(modelVersions.version, version))
	const [row] = await context.db.select().from(modelVersions).where(one).limit(1)
	if (row) return row
	const { name } = await findModel(context, model)
	const known = await versionNames(context, name)
	const message = `The model ${quote(name)} has no version ${quote(version)}.`
	throw notFound(message, version, known, { to: 'register-version', model: name })
}

export async function versionNames(context: Context, model: string): Promise<string[]> {
	const rows = await context.db
		.select({ version: modelVersions.version })
		.from(modelVersions)
		.where(eq(modelVersions.model, model))
	return rows.map((r) => r.version)
}
