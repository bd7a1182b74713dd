import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { contains } from '../../core/glob.ts'
import { newId } from '../../core/ids.ts'
import { dayMs, formatTime, parseDuration, parseTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { accessKeys } from '../../db/schema.ts'
import { authorise } from './authorise.ts'
import type { KeyInput, KeyRecord } from './key.schema.ts'
import { toKeyRecord } from './key-record.ts'

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
