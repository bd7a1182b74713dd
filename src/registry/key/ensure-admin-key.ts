import { and, eq, ne, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { accessKeys } from '../../db/schema.ts'
import { createKey } from './access-keys.ts'

const id = 'key_admin'
const name = 'PLUMBLINE_ADMIN_KEY'
const shortest = 16
const actor = { id: 'config', how: 'cli' as const }

/**
 * Creates the configured admin key under a fixed id; another secret replaces the one before. A revoked key stays revoked
 * until the configuration names another secret. Throws `invalid` for fewer than 16 characters.
 */
export async function ensureAdminKey(context: Context, secret: string): Promise<void> {
	if (secret.length < shortest)
		throw new AppError(
			'invalid',
			`PLUMBLINE_ADMIN_KEY has ${secret.length} characters; it needs at least ${shortest}.`,
		)
	if (/\s/.test(secret))
		throw new AppError('invalid', 'PLUMBLINE_ADMIN_KEY contains white space, which a bearer key cannot.')
	const hash = await sha256Hex(secret)
	const [current] = await context.db.select().from(accessKeys).where(eq(accessKeys.id, id))
	if (current?.hash === hash) {
		if (current.revokedAt !== null)
			context.logger.warn(`${name} was revoked and stays revoked. Configure another one.`)
		return
	}
	const [other] = await context.db.select().from(accessKeys).where(eq(accessKeys.hash, hash))
	if (other)
		throw new AppError('invalid', `${name} is the secret of the key ${other.id}; configure another one.`)
	if (current) await replace(context, hash)
	else await insert(context, hash)
}

async function insert(context: Context, hash: string): Promise<void> {
	const row = { id, hash, name, role: 'admin' as const, models: ['*'], createdAt: context.now() }
	const details = { name, role: 'admin', models: ['*'] }
	try {
		await commit(context, actor, { action: 'create-key', object: `key:${id}`, details }, [
			{ query: context.db.insert(accessKeys).values(row).onConflictDoNothing(), guarded: true },
		])
	} catch (error) {
		// Another process with the same configuration created it first.
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
}

async function replace(context: Context, hash: string): Promise<void> {
	const values = { hash, createdAt: context.now(), revokedAt: null }
	const where = and(eq(accessKeys.id, id), ne(accessKeys.hash, hash))
	await commit(context, actor, { action: 'replace-key', object: `key:${id}`, details: { name } }, [
		{ query: context.db.update(accessKeys).set(values).where(where), guarded: true },
	])
}

/** Creates an admin key when there is no key at all, and returns its secret: nobody could create one otherwise. */
export async function createFirstKey(context: Context): Promise<string | undefined> {
	const [row] = await context.db.select({ keys: sql<number>`count(*)` }).from(accessKeys)
	if (row?.keys !== 0) return undefined
	const actor = { id: 'config', how: 'cli', role: 'admin', models: ['*'] } as const
	const { secret } = await createKey(context, actor, { name: 'first key', role: 'admin', models: ['*'] })
	return secret
}
