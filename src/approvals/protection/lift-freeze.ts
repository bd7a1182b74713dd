import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { versionFreezes } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findVersion } from '../../registry/version/find-version.ts'

/** Lets a version be promoted again that a rollback has left. Throws `not-found` if it is not frozen. */
export async function liftFreeze(
	context: Context,
	actor: Actor,
	model: string,
	version: string,
	reason: string,
): Promise<void> {
	authorise(actor, 'admin', model)
	await findVersion(context, model, version)
	const of = and(eq(versionFreezes.model, model), eq(versionFreezes.version, version))
	const notFrozen = () => new AppError('not-found', `Version ${version} of ${model} is not frozen.`)
	const [row] = await context.db.select().from(versionFreezes).where(of)
	if (!row) throw notFrozen()
	const entry = {
		action: 'lift-freeze',
		object: `version:${model}@${version}`,
		model,
		why: reason.slice(0, 1000),
		details: { request: row.request },
	}
	try {
		await commit(context, actor, entry, [
			{ query: context.db.delete(versionFreezes).where(of), guarded: true },
		])
	} catch (error) {
		// Somebody else has lifted it at the same time.
		if (error instanceof AppError && error.code === 'conflict') throw notFrozen()
		throw error
	}
}
