import type { AnyColumn, SQL } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { inList } from '../../db/database.ts'
import { models } from '../../db/schema.ts'
import { inScope, seesAll } from '../key/authorise.ts'
import { quote, UnknownModel } from './find-model.ts'

/** The registered models in the actor's scope. */
export async function reachedModels(context: Context, actor: Actor): Promise<string[]> {
	const rows = await context.db.select({ name: models.name }).from(models)
	return rows.map(({ name }) => name).filter((name) => inScope(actor, name))
}

/**
 * The scope as a condition on a column of model names; undefined when the actor sees all. A list is filtered where it is
 * read, so that neither its pages nor its cursors say what else there is.
 */
export const inReach = async (context: Context, actor: Actor, column: AnyColumn): Promise<SQL | undefined> =>
	seesAll(actor) ? undefined : inList(column, await reachedModels(context, actor))

/** An unknown model comes with the nearest name, of those that the actor may know. Other errors stay as they are. */
export async function withNearestModel(context: Context, actor: Actor, error: unknown): Promise<unknown> {
	if (!(error instanceof UnknownModel)) return error
	const near = nearest(error.model, await reachedModels(context, actor))
	if (near === undefined) return error
	return new AppError(
		'not-found',
		`There is no model ${quote(error.model)}. Did you mean ${JSON.stringify(near)}?`,
	)
}
