import { eq } from 'drizzle-orm'
import type { Actor, Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { accessKeys } from '../../db/schema.ts'

/**
 * The holder of a secret. Throws `unauthenticated` when it is unknown, revoked or expired.
 * The look-up is by SHA-256 of the secret. An index compares hashes, not secrets: what its timing tells is a prefix of
 * a hash that nobody can aim at, so no constant-time comparison is needed; nor a slow hash, as secrets have 256 bits.
 */
export async function findActor(context: Context, secret: string): Promise<Actor> {
	const hash = await sha256Hex(secret)
	const [key] = await context.db.select().from(accessKeys).where(eq(accessKeys.hash, hash)).limit(1)
	if (!key)
		throw new AppError(
			'unauthenticated',
			'The key is unknown. Check that it was copied whole, or ask an admin for a new one.',
		)
	if (key.revokedAt !== null)
		throw new AppError(
			'unauthenticated',
			`The key ${key.id} was revoked at ${formatTime(key.revokedAt)}. Ask an admin for a new one.`,
		)
	if (key.expiresAt !== null && key.expiresAt <= context.now())
		throw new AppError(
			'unauthenticated',
			`The key ${key.id} expired at ${formatTime(key.expiresAt)}. Ask an admin for a new one.`,
		)
	return { id: `key:${key.id}`, how: 'key', role: key.role, models: key.models }
}
