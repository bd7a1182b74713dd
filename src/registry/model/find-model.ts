import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { models } from '../../db/schema.ts'

export type ModelRow = typeof models.$inferSelect

/** Transports add the nearest name, of those that the actor may know. */
export class UnknownModel extends AppError {
	readonly model: string

	constructor(model: string) {
		super('not-found', `There is no model ${quote(model)}. Register it with POST /v1/models.`)
		this.model = model
	}
}

/** A registered model. Throws `UnknownModel`. */
export async function findModel(context: Context, name: string): Promise<ModelRow> {
	const [row] = await context.db.select().from(models).where(eq(models.name, name)).limit(1)
	if (row) return row
	throw new UnknownModel(name)
}

const longestShown = 256
export const quote = (name: string): string =>
	JSON.stringify(name.length > longestShown ? `${name.slice(0, longestShown)}…` : name)

export function hint(name: string, known: readonly string[], otherwise: string): string {
	const near = nearest(name, known)
	return near === undefined ? ` ${otherwise}` : ` Did you mean ${JSON.stringify(near)}?`
}
