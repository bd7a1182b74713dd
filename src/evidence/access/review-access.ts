import { openIncidentOnce } from '../../alerting/incident/incident-without-rule.ts'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { digestOf } from '../../core/canonical-json.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { accessKeys, slackUsers } from '../../db/schema.ts'
import { authorise, coversGlobs } from '../../registry/key/authorise.ts'
import { serviceModel } from '../../rules/rule-set.ts'
import type { AccessRecord } from './access.schema.ts'

const unusedMs = 90 * dayMs
const reviewer = { id: 'job:review-access', how: 'job' as const }

/**
 * Who has which role now, and when they were last seen: active keys and mapped Slack users whose models are all in the
 * actor's scope, by actor. People whom the mapping file names are in that file.
 */
export async function listAccess(context: Context, actor: Actor): Promise<AccessRecord[]> {
	authorise(actor, ['auditor', 'admin'])
	const all = await everybody(context)
	return all.filter(({ models }) => coversGlobs(actor, models))
}

async function everybody(context: Context): Promise<AccessRecord[]> {
	const now = context.now()
	const keys = await context.db.select().from(accessKeys)
	const users = await context.db.select().from(slackUsers)
	const rows = [
		...keys.filter((key) => key.revokedAt === null).map((key) => ({ ...key, actor: `key:${key.id}` })),
		...users.map((user) => ({ ...user, actor: `slack:${user.team}/${user.user}`, name: null })),
	]
	return rows
		.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
		.map(({ actor, name, owner, role, models, createdAt, expiresAt, lastUsedAt }) => ({
			...{ actor, name, owner, role, models },
			createdAt: timeOrNull(createdAt),
			expiresAt: timeOrNull(expiresAt),
			lastUsedAt: timeOrNull(lastUsedAt),
			isUnused: (lastUsedAt ?? createdAt ?? 0) < now - unusedMs,
		}))
		.sort((a, b) => (a.actor < b.actor ? -1 : 1))
}

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

const quarterOf = (at: number): number => {
	const date = new Date(at)
	return date.getUTCFullYear() * 4 + Math.floor(date.getUTCMonth() / 3)
}

/**
 * The review of each quarter, once: what was found is in the ledger by its digest, and an incident asks people to look at
 * it. A new installation has its first one in its second quarter.
 */
export async function reviewAccess(context: Context): Promise<{ reviewed: number; unused: number }> {
	const [last] = await context.sql.all<{ at: number | null }>({
		sql: `SELECT coalesce((SELECT max(at) FROM ledger_entry WHERE object = 'access' AND action = 'review-access'),
			(SELECT min(at) FROM ledger_entry WHERE idx = 0)) AS at`,
	})
	const isDue = typeof last?.at === 'number' && quarterOf(last.at) < quarterOf(context.now())
	if (!isDue) return { reviewed: 0, unused: 0 }
	const all = await everybody(context)
	const unused = all.filter((record) => record.isUnused)
	const counts = { reviewed: all.length, unused: unused.length }
	const entry = { action: 'review-access', object: 'access', after: await digestOf(all), details: counts }
	await commit(context, reviewer, entry, [])
	const named = unused
		.slice(0, 20)
		.map(({ actor, name, role }) => `${actor}${name ? ` (${name})` : ''}: ${role}`)
	await openIncidentOnce(context, reviewer, {
		about: `access-review:${formatTime(context.now()).slice(0, 10)}`,
		model: serviceModel,
		environment: '',
		severity: unused.length > 0 ? 'warning' : 'info',
		title: `access review: ${all.length} with access, ${unused.length} not used for 90 days`,
		notes: ['Check each role and revoke what nobody needs: GET /v1/access, or `plumbline access`.', ...named],
	})
	return counts
}
