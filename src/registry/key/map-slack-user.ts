import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { type Actor, roles } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorParts, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { slackUsers } from '../../db/schema.ts'
import { PersonName } from '../person/person-name.ts'
import { expiryOf } from './access-keys.ts'
import { authorise, authoriseGlobs, coversGlobs } from './authorise.ts'
import { KeyInput, type SlackUserRecord } from './key.schema.ts'

/** What a Slack user may do; models and expiry as for a key. */
export const SlackUserInput = z
	.strictObject({
		role: z.enum(roles).meta({ description: 'What the person may do.', example: 'approver' }),
		models: KeyInput.shape.models,
		expires: KeyInput.shape.expires,
		owner: PersonName.nullish(),
	})
	.meta({ id: 'SlackUserInput', description: 'The role of a Slack user.' })
export type SlackUserInput = z.input<typeof SlackUserInput>

type SlackName = { team: string; user: string }

type Row = typeof slackUsers.$inferSelect

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))
export const isExpired = ({ expiresAt }: Row, now: number): boolean => expiresAt !== null && expiresAt <= now
const byName = ({ team, user }: SlackName) => and(eq(slackUsers.team, team), eq(slackUsers.user, user))
const objectOf = ({ team, user }: SlackName) => `slack-user:${team}/${user}`

const toRecord = (row: Row, now: number): SlackUserRecord => ({
	team: row.team,
	user: row.user,
	role: row.role,
	models: row.models,
	status: isExpired(row, now) ? 'expired' : 'active',
	owner: row.owner,
	createdAt: timeOrNull(row.createdAt),
	expiresAt: timeOrNull(row.expiresAt),
})

/** The mapping that an admin made, also when it has expired. */
export async function findSlackUser(context: Context, name: SlackName): Promise<Row | undefined> {
	const [row] = await context.db.select().from(slackUsers).where(byName(name))
	return row
}

/**
 * Gives a Slack user a role for some models, in place of the role they had. Without an owner, the one they had stays:
 * otherwise a new role would make them another person. Throws `forbidden` where the old or the new scope exceeds the
 * actor's.
 */
export async function mapSlackUser(
	context: Context,
	actor: Actor,
	name: SlackName & SlackUserInput,
): Promise<SlackUserRecord> {
	const { team, user, role, models = ['*'] } = name
	authoriseGlobs(actor, 'admin', models)
	const now = context.now()
	const before = await findSlackUser(context, name)
	if (before && !coversGlobs(actor, before.models))
		throw new AppError(
			'forbidden',
			`${actor.id} may not change the role of ${team}/${user}: its scope is wider than their own.`,
		)
	const row = {
		team,
		user,
		role,
		models,
		createdAt: now,
		expiresAt: expiryOf(name.expires, now),
		owner: name.owner ?? before?.owner ?? null,
		lastUsedAt: before?.lastUsedAt ?? null,
	}
	const owner = name.owner ?? sql`slack_user.owner`
	const set = { role, models, createdAt: now, expiresAt: row.expiresAt, owner }
	const query = context.db
		.insert(slackUsers)
		.values(row)
		.onConflictDoUpdate({ target: [slackUsers.team, slackUsers.user], set })
	const details = {
		...{ role, models, owner: row.owner, expiresAt: timeOrNull(row.expiresAt) },
		...(before && before.owner !== row.owner ? { before: { owner: before.owner } } : {}),
	}
	await commit(context, actor, { action: 'map-slack-user', object: objectOf(name), details }, [{ query }])
	return toRecord(row, now)
}

/** Removes the role of a Slack user, effective at once. Throws `not-found`, also outside the actor's scope. */
export async function unmapSlackUser(
	context: Context,
	actor: Actor,
	name: SlackName,
	reason?: string,
): Promise<void> {
	authorise(actor, 'admin')
	const row = await findSlackUser(context, name)
	if (!row || !coversGlobs(actor, row.models))
		throw new AppError('not-found', `The Slack user ${name.team}/${name.user} is not mapped.`)
	const { role, models, owner } = row
	const details = { role, models, owner, ...(reason === undefined ? {} : { reason }) }
	const query = context.db.delete(slackUsers).where(byName(name))
	await commit(context, actor, { action: 'unmap-slack-user', object: objectOf(name), details }, [
		{ query, guarded: true },
	])
}

/** Lists the mappings within the actor's scope by team and user, expired ones included. */
export async function listSlackUsers(
	context: Context,
	actor: Actor,
	page: PageQuery,
): Promise<Page<SlackUserRecord>> {
	authorise(actor, 'admin')
	const after = cursorParts(page.cursor)
	const rows = await context.db
		.select()
		.from(slackUsers)
		.where(
			after && sql`(${slackUsers.team}, ${slackUsers.user}) > (${String(after[0])}, ${String(after[1])})`,
		)
		.orderBy(slackUsers.team, slackUsers.user)
	const now = context.now()
	const visible = rows.filter((row) => coversGlobs(actor, row.models)).slice(0, page.limit + 1)
	return toPage(
		visible,
		page.limit,
		({ team, user }) => JSON.stringify([team, user]),
		(row) => toRecord(row, now),
	)
}
