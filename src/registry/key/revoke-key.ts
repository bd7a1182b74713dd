import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { inList } from '../../db/database.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise, coversGlobs, seesAll } from './authorise.ts'
import { isActive, type KeyRow } from './key-record.ts'

/**
 * Stops a key at once. Revoking it again changes nothing. Throws `not-found`, also for a key that reaches more than the
 * actor, and `conflict` for the last admin key that reaches every model, for as long as it does.
 */
export async function revokeKey(context: Context, actor: Actor, id: string): Promise<void> {
	authorise(actor, 'admin')
	const keys = await context.db.select().from(accessKeys)
	const key = keys.find((row) => row.id === id)
	if (!key || !coversGlobs(actor, key.models))
		throw new AppError('not-found', `There is no key ${JSON.stringify(id)}.`, { hint: { to: 'list-keys' } })
	if (key.revokedAt !== null) return
	const now = context.now()
	const others = keys.filter((row) => row.id !== id && isFullAdmin(row, now) && outlasts(row, key))
	const isLast = isFullAdmin(key, now) && others.length === 0
	if (isLast) throw lastAdmin(id)
	const open = and(eq(accessKeys.id, id), isNull(accessKeys.revokedAt), anotherIsLeft(key, others, now))
	await commit(context, actor, { action: 'revoke-key', object: `key:${id}` }, [
		{ query: context.db.update(accessKeys).set({ revokedAt: now }).where(open), guarded: true },
	])
}

const isFullAdmin = (row: KeyRow, now: number): boolean =>
	row.role === 'admin' && isActive(row, now) && seesAll({ models: row.models })

/** A key that expires does not stand in for one that lasts longer. */
const outlasts = (row: KeyRow, key: KeyRow): boolean =>
	row.expiresAt === null || (key.expiresAt !== null && row.expiresAt >= key.expiresAt)

/** Two admins may revoke each other at the same moment: the statement itself makes sure that one stays. */
const anotherIsLeft = (key: KeyRow, others: readonly KeyRow[], now: number) =>
	isFullAdmin(key, now)
		? sql`EXISTS (SELECT 1 FROM access_key o WHERE ${inList(
				sql.raw('o.id'),
				others.map((row) => row.id),
			)} AND o.revoked_at IS NULL)`
		: undefined

const lastAdmin = (id: string) =>
	new AppError(
		'conflict',
		`${id} is the last admin key that reaches every model for as long: without it nobody could manage keys. Create another one that expires no earlier.`,
	)
