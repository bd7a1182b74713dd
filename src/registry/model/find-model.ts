import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { Hint } from '../../core/hints.ts'
import { nearest } from '../../core/nearest.ts'
import { models } from '../../db/schema.ts'

export type ModelRow = typeof models.$inferSelect

/** Transports add the nearest name, of those that the actor may know. */
export class UnknownModel extends AppError {
	readonly model: string

	constructor(model: string) {
		super('not-found', `There is no model ${quote(model)}.`, { hint: { to: 'register-model' } })
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

/** The nearest of the known names, else another sentence. */
export function didYouMean(name: string, known: readonly string[], otherwise: string): string {
	const near = nearest(name, known)
	return near === undefined ? ` ${otherwise}` : ` Did you mean ${JSON.stringify(near)}?`
}

/** Names the nearest of the known names, else hints at where to go. */
export function notFound(message: string, name: string, known: readonly string[], hint: Hint): AppError {
	const near = nearest(name, known)
	if (near === undefined) return new AppError('not-found', message, { hint })
	return new AppError('not-found', `${message} Did you mean ${JSON.stringify(near)}?`)
}
