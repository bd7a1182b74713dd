import { and, eq, isNull } from 'drizzle-orm'
import type { Actor, Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise } from '../authorise.ts'

/** Stops a key at once. Revoking it again changes nothing. Throws `not-found`. */
export async function revokeKey(context: Context, actor: Actor, id: string): Promise<void> {
	authorise(actor, 'admin')
	const [key] = await context.db.select().from(accessKeys).where(eq(accessKeys.id, id))
	if (!key) throw new AppError('not-found', `There is no key ${JSON.stringify(id)}. GET /v1/keys lists them.`)
	if (key.revokedAt !== null) return
	const open = and(eq(accessKeys.id, id), isNull(accessKeys.revokedAt))
	await commit(context, actor, { action: 'revoke-key', object: `key:${id}` }, [
		{ query: context.db.update(accessKeys).set({ revokedAt: context.now() }).where(open), guarded: true },
	])
}
