import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor, Role } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { contains } from '../../core/glob.ts'
import { newId } from '../../core/ids.ts'
import { collectPage, cursorText, type Page, type PageQuery } from '../../core/page.ts'
import { dayMs, formatTime, parseDuration, parseTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { inList } from '../../db/database.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise, coversGlobs, seesAll } from './authorise.ts'
import type { KeyInput } from './key.schema.ts'

/** A key as it is shown: never its secret, never the hash. */
export type KeyRecord = {
	id: string
	name: string
	role: Role
	models: string[]
	status: 'active' | 'expired' | 'revoked'
	createdAt: string
	expiresAt: string | null
	revokedAt: string | null
}

export type KeyRow = typeof accessKeys.$inferSelect
const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

export const isActive = (row: KeyRow, now: number): boolean =>
	row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now)

export function toKeyRecord(row: KeyRow, now: number): KeyRecord {
	return {
		id: row.id,
		name: row.name,
		role: row.role,
		models: row.models,
		status: isActive(row, now) ? 'active' : row.revokedAt === null ? 'expired' : 'revoked',
		createdAt: formatTime(row.createdAt),
		expiresAt: timeOrNull(row.expiresAt),
		revokedAt: timeOrNull(row.revokedAt),
	}
}

const secretBytes = 32
const longestMs = 3650 * dayMs

/** 256 bits in base64url behind a prefix that secret scanners can look for. */
function newSecret(random: Context['random']): string {
	const text = btoa(String.fromCharCode(...random(secretBytes)))
	return `plk_${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

/** When `expires` is, in ms since the epoch. Throws `invalid` for another form and for the past. */
export function expiryOf(expires: string | null | undefined, now: number): number | null {
	if (expires === undefined || expires === null) return null
	const duration = parseDuration(expires)
	const at = duration === undefined ? parseTime(expires) : now + duration
	const fault = (message: string) =>
		new AppError('invalid', `expires: ${message}`, { faults: [{ path: 'expires', message }] })
	if (at === undefined)
		throw fault('must be RFC 3339 with an offset, such as 2027-01-01T00:00:00Z, or a duration such as 90d')
	if (at <= now) throw fault(`is in the past; the time is ${formatTime(now)}`)
	if (at > now + longestMs)
		throw fault('is more than ten years ahead; leave it out for a key that does not expire')
	return Math.floor(at)
}

/** Nobody hands out more than they have. */
function checkScope(actor: Actor, models: readonly string[]): void {
	const wider = models.find((asked) => !contains(actor.models, asked))
	if (wider !== undefined)
		throw new AppError(
			'forbidden',
			`${actor.id} cannot give a key the scope ${wider}: its own is ${actor.models.join(', ')}.`,
		)
}

/** Creates a key. The secret is in the answer and nowhere else, so it cannot be shown again. */
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
	}
	const { id, name, role, models } = row
	const details = { name, role, models, expiresAt: row.expiresAt === null ? null : formatTime(row.expiresAt) }
	await commit(context, actor, { action: 'create-key', object: `key:${id}`, details }, [
		{ query: context.db.insert(accessKeys).values(row) },
	])
	return { ...toKeyRecord(row, now), secret }
}

/** The keys whose models are all in the actor's scope, in order of their id, without secrets. */
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
 * Stops a key at once. Revoking it again changes nothing. Throws `not-found`, also for a key that reaches more than the
 * actor, and `conflict` for the last admin key that reaches every model, for as long as it does.
 */
export async function revokeKey(context: Context, actor: Actor, id: string): Promise<void> {
	authorise(actor, 'admin')
	const keys = await context.db.select().from(accessKeys)
	const key = keys.find((row) => row.id === id)
	if (!key || !coversGlobs(actor, key.models))
		throw new AppError('not-found', `There is no key ${JSON.stringify(id)}. GET /v1/keys lists them.`)
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
