import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sha256Hex, toBase64Url } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { contains } from '../../core/glob.ts'
import { newId } from '../../core/ids.ts'
import { collectPage, cursorText, type Page, type PageQuery } from '../../core/page.ts'
import { dayMs, formatTime, parseDuration, parseTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { inList } from '../../db/database.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise, coversGlobs, seesAll } from './authorise.ts'
import type { KeyInput, KeyRecord } from './key.schema.ts'

type KeyRow = typeof accessKeys.$inferSelect
const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

const isActive = (row: KeyRow, now: number): boolean =>
	row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now)

function toKeyRecord(row: KeyRow, now: number): KeyRecord {
	return {
		id: row.id,
		name: row.name,
		role: row.role,
		models: row.models,
		status: isActive(row, now) ? 'active' : row.revokedAt === null ? 'expired' : 'revoked',
		createdAt: formatTime(row.createdAt),
		owner: row.owner,
		expiresAt: timeOrNull(row.expiresAt),
		revokedAt: timeOrNull(row.revokedAt),
		lastUsedAt: timeOrNull(row.lastUsedAt),
	}
}

const secretBytes = 32
const maxLifetimeMs = 3650 * dayMs

/** 256 bits in base64url, after a prefix that secret scanners can recognise. */
const newSecret = (random: Context['random']): string => `plk_${toBase64Url(random(secretBytes))}`

/** Parses `expires` to ms since the epoch. Throws `invalid` for another format or a time in the past. */
export function expiryOf(expires: string | null | undefined, now: number): number | null {
	if (expires === undefined || expires === null) return null
	const duration = parseDuration(expires)
	const at = duration === undefined ? parseTime(expires) : now + duration
	const fault = (message: string) =>
		new AppError('invalid', `expires: ${message}`, { faults: [{ path: 'expires', message }] })
	if (at === undefined)
		throw fault('must be RFC 3339 with an offset, such as 2027-01-01T00:00:00Z, or a duration such as 90d')
	if (at <= now) throw fault(`is in the past; the time is ${formatTime(now)}`)
	if (at > now + maxLifetimeMs)
		throw fault('is more than ten years ahead; leave it out for a key that does not expire')
	return Math.floor(at)
}

/** A key's scope cannot exceed its creator's. */
function checkScope(actor: Actor, models: readonly string[]): void {
	const wider = models.find((glob) => !contains(actor.models, glob))
	if (wider !== undefined)
		throw new AppError(
			'forbidden',
			`${actor.id} cannot give a key the scope ${wider}: its own is ${actor.models.join(', ')}.`,
		)
}

/** Creates a key. Only the hash of the secret is stored, so this reply is the only one that shows it. */
export async function createKey(
	context: Context,
	actor: Actor,
	input: KeyInput,
): Promise<KeyRecord & { secret: string }> {
	authorise(actor, 'admin')
	checkScope(actor, input.models)
	const now = context.now()
	const secret = newSecret(context.random)
	const row = {
		id: newId('key', now, context.random),
		hash: await sha256Hex(secret),
		name: input.name,
		role: input.role,
		models: input.models,
		createdAt: now,
		expiresAt: expiryOf(input.expires, now),
		revokedAt: null,
		owner: input.owner ?? null,
		lastUsedAt: null,
	}
	const { id, name, role, models, owner } = row
	const details = { name, role, models, owner, expiresAt: timeOrNull(row.expiresAt) }
	await commit(context, actor, { action: 'create-key', object: `key:${id}`, details }, [
		{ query: context.db.insert(accessKeys).values(row) },
	])
	return { ...toKeyRecord(row, now), secret }
}

/** Lists the keys whose models are all in the actor's scope, ordered by id. */
export async function listKeys(context: Context, actor: Actor, page: PageQuery): Promise<Page<KeyRecord>> {
	authorise(actor, 'admin')
	const now = context.now()
	return collectPage(
		page.limit,
		(after, count) =>
			context.db
				.select()
				.from(accessKeys)
				.where(after === undefined ? undefined : gt(accessKeys.id, after))
				.orderBy(asc(accessKeys.id))
				.limit(count),
		cursorText(page.cursor),
		(row) => row.id,
		(row) => coversGlobs(actor, row.models),
		(row) => toKeyRecord(row, now),
	)
}

/**
 * Revokes a key, effective at once. Revoking it again changes nothing. Throws `not-found`, also for a key whose scope
 * exceeds the actor's, and `conflict` for the last admin key with access to every model.
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

/** A key that expires earlier cannot replace one that lasts longer. */
const outlasts = (row: KeyRow, key: KeyRow): boolean =>
	row.expiresAt === null || (key.expiresAt !== null && row.expiresAt >= key.expiresAt)

/** Two admins may revoke each other's keys at the same time: the statement itself ensures that one key remains. */
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
		`${id} is the last admin key with access to every model: without it nobody could manage keys. Create another one that expires no earlier.`,
	)
