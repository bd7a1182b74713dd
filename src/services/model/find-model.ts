import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { models } from '../../db/schema.ts'

export type ModelRow = typeof models.$inferSelect

/** A registered model. Throws `not-found` with the nearest name that there is. */
export async function findModel(context: Context, name: string): Promise<ModelRow> {
	const [row] = await context.db.select().from(models).where(eq(models.name, name)).limit(1)
	if (row) return row
	const names = await context.db.select({ name: models.name }).from(models)
	throw new AppError(
		'not-found',
		`There is no model ${quote(name)}.${hint(
			name,
			names.map((n) => n.name),
			'Register it with POST /v1/models.',
		)}`,
	)
}

const longestShown = 256
export const quote = (name: string): string =>
	JSON.stringify(name.length > longestShown ? `${name.slice(0, longestShown)}…` : name)

export function hint(name: string, known: readonly string[], otherwise: string): string {
	const near = nearest(name, known)
	return near === undefined ? ` ${otherwise}` : ` Did you mean ${JSON.stringify(near)}?`
}
