import { type AnyColumn, eq, type SQL } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import type { Hint } from '../../core/hints.ts'
import { nearest } from '../../core/nearest.ts'
import { inList } from '../../db/database.ts'
import { models } from '../../db/schema.ts'
import { inScope, seesAll } from '../key/authorise.ts'

export type ModelRow = typeof models.$inferSelect

const unknownModelText = (model: string): string => `There is no model ${quote(model)}.`

/** Transports add the nearest name that is in the actor's scope. */
export class UnknownModel extends AppError {
	readonly model: string

	constructor(model: string) {
		super('not-found', unknownModelText(model), { hint: { to: 'register-model' } })
		this.model = model
	}
}

/** A registered model. Throws `UnknownModel`. */
export async function findModel(context: Context, name: string): Promise<ModelRow> {
	const [row] = await context.db.select().from(models).where(eq(models.name, name)).limit(1)
	if (row) return row
	throw new UnknownModel(name)
}

const maxShown = 256
export const quote = (name: string): string =>
	JSON.stringify(name.length > maxShown ? `${name.slice(0, maxShown)}…` : name)

/** A sentence with the nearest of the known names, or else `otherwise`. */
export function didYouMean(name: string, known: readonly string[], otherwise: string): string {
	const near = nearest(name, known)
	return near === undefined ? ` ${otherwise}` : ` Did you mean ${JSON.stringify(near)}?`
}

/** A `not-found` error that names the nearest of the known names, or else carries the hint. */
export function notFound(message: string, name: string, known: readonly string[], hint: Hint): AppError {
	const near = nearest(name, known)
	if (near === undefined) return new AppError('not-found', message, { hint })
	return new AppError('not-found', `${message} Did you mean ${JSON.stringify(near)}?`)
}

/** Name, retention and deletion of every model, for jobs. */
export const allModels = (
	context: Context,
): Promise<Pick<ModelRow, 'name' | 'retentionMs' | 'deleteAfter'>[]> =>
	context.db
		.select({ name: models.name, retentionMs: models.retentionMs, deleteAfter: models.deleteAfter })
		.from(models)

/** The registered models in the actor's scope. */
export async function reachedModels(context: Context, actor: Actor): Promise<string[]> {
	const rows = await context.db.select({ name: models.name }).from(models)
	return rows.map(({ name }) => name).filter((name) => inScope(actor, name))
}

/**
 * The actor's scope as a condition on a column of model names; undefined when it covers all. Lists are filtered in the
 * query, so that neither pages nor cursors reveal other models.
 */
export const inReach = async (context: Context, actor: Actor, column: AnyColumn): Promise<SQL | undefined> =>
	seesAll(actor) ? undefined : inList(column, await reachedModels(context, actor))

/** Adds the nearest name in the actor's scope to the error of an unknown model. Other errors stay as they are. */
export async function withNearestModel(context: Context, actor: Actor, error: unknown): Promise<unknown> {
	if (!(error instanceof UnknownModel)) return error
	const near = nearest(error.model, await reachedModels(context, actor))
	if (near === undefined) return error
	return new AppError('not-found', `${unknownModelText(error.model)} Did you mean ${JSON.stringify(near)}?`)
}
