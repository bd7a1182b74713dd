import type { Context } from '../../context.ts'
import type { Actor, Role } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import { inList } from '../../db/database.ts'
import { accessKeys } from '../../db/schema.ts'
import { seesAll } from './authorise.ts'

type KeyState = { id: string; expiresAt: number | null; revokedAt: number | null }
type KeyRow = KeyState & { role: Role; models: string; owner: string | null; lastUsedAt: number | null }

// Plain SQL: every request passes here, and building the query would cost more than running it.
const byHash =
	'SELECT id, role, models, expires_at AS expiresAt, revoked_at AS revokedAt, owner, last_used_at AS lastUsedAt FROM access_key WHERE hash = ?'

const refused = (text: string) => new AppError('unauthenticated', `${text} Ask an admin for a new one.`)

/**
 * The holder of a secret. Throws `unauthenticated` when it is unknown, revoked or expired. Keys are found by the SHA-256 of
 * the secret, so the timing of the index reveals at most a prefix of a hash, which no client can choose: a constant-time
 * comparison is not needed. Nor is a slow hash, as secrets have 256 bits.
 */
export async function findActor(context: Context, secret: string): Promise<Actor> {
	const [row] = await context.sql.all<KeyRow>({ sql: byHash, params: [await sha256Hex(secret)] })
	if (!row) throw refused('The key is unknown. Check that it was copied whole.')
	const { id, role, models, owner } = row
	const refusal = refusalOf(row, context.now())
	if (refusal) throw refusal
	await noteUse(context, row)
	return {
		id: `key:${id}`,
		how: 'key',
		role,
		models: JSON.parse(models) as string[],
		owner: owner ?? undefined,
	}
}

/** For access reviews. To the hour, so that requests hardly ever write; a request never fails for it. */
async function noteUse(context: Context, { id, lastUsedAt }: KeyRow): Promise<void> {
	const now = context.now()
	if (lastUsedAt !== null && now < lastUsedAt + hourMs) return
	const update = { sql: 'UPDATE access_key SET last_used_at = ? WHERE id = ?', params: [now, id] }
	await context.sql.batch([update]).catch((error) => {
		context.logger.warn('the last use of a key could not be stored', { key: id, error: String(error) })
	})
}

/** Whether somebody is an admin of every model now, for what they began earlier. The command line is. */
export async function isActiveAdmin(context: Context, actor: string): Promise<boolean> {
	const [kind, id] = actor.split(':')
	if (kind !== 'key') return actor === 'cli'
	const [row] = await context.sql.all<{ models: string }>({
		sql: `SELECT models FROM access_key
			WHERE id = ? AND role = 'admin' AND revoked_at IS NULL AND coalesce(expires_at > ?, 1)`,
		params: [id ?? '', context.now()],
	})
	return row !== undefined && seesAll({ models: JSON.parse(row.models) as string[] })
}

function refusalOf({ id, expiresAt, revokedAt }: KeyState, now: number): AppError | undefined {
	if (revokedAt !== null) return refused(`The key ${id} was revoked at ${formatTime(revokedAt)}.`)
	if (expiresAt !== null && expiresAt <= now)
		return refused(`The key ${id} expired at ${formatTime(expiresAt)}.`)
	return undefined
}

/** Those of the actors whose keys were revoked or have expired, with the error for each. */
export async function refusedKeys(
	context: Context,
	actorIds: Iterable<string>,
): Promise<Map<string, AppError>> {
	const { id, expiresAt, revokedAt } = accessKeys
	const ids = [...actorIds].map((actorId) => actorId.replace(/^key:/, ''))
	const rows = await context.db.select({ id, expiresAt, revokedAt }).from(accessKeys).where(inList(id, ids))
	const now = context.now()
	const refusals = new Map<string, AppError>()
	for (const row of rows) {
		const refusal = refusalOf(row, now)
		if (refusal) refusals.set(`key:${row.id}`, refusal)
	}
	return refusals
}
