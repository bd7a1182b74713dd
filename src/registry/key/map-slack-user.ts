import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { type Actor, type Role, roles } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorParts, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { slackUsers } from '../../db/schema.ts'
import { expiryOf } from './access-keys.ts'
import { authorise, authoriseGlobs, coversGlobs } from './authorise.ts'
import { KeyInput } from './key.schema.ts'

/** What a Slack user may do. The models and the expiry are written as those of a key. */
export const SlackUserInput = z
	.strictObject({
		role: z.enum(roles).meta({ description: 'What the person may do.', example: 'approver' }),
		models: KeyInput.shape.models,
		expires: KeyInput.shape.expires,
	})
	.meta({ id: 'SlackUserInput', description: 'The role of a Slack user.' })
export type SlackUserInput = z.input<typeof SlackUserInput>

type Named = { team: string; user: string }

/** A mapping as it is shown. */
export type SlackUserRecord = Named & {
	role: Role
	models: string[]
	status: 'active' | 'expired'
	/** Null for one from before this was kept. */
	createdAt: string | null
	expiresAt: string | null
}

type Row = typeof slackUsers.$inferSelect

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))
const isExpired = ({ expiresAt }: Row, now: number): boolean => expiresAt !== null && expiresAt <= now
const byName = ({ team, user }: Named) => and(eq(slackUsers.team, team), eq(slackUsers.user, user))
const objectOf = ({ team, user }: Named) => `slack-user:${team}/${user}`

const toRecord = (row: Row, now: number): SlackUserRecord => ({
	team: row.team,
	user: row.user,
	role: row.role,
	models: row.models,
	status: isExpired(row, now) ? 'expired' : 'active',
	createdAt: timeOrNull(row.createdAt),
	expiresAt: timeOrNull(row.expiresAt),
})

async function findRow(context: Context, name: Named): Promise<Row | undefined> {
	const [row] = await context.db.select().from(slackUsers).where(byName(name))
	return row
}

/**
 * Gives a Slack user a role for some models; replaces what they had. Nobody gives more than they have, or replaces what
 * reaches further.
 */
export async function mapSlackUser(
	context: Context,
	actor: Actor,
	name: Named & SlackUserInput,
): Promise<SlackUserRecord> {
	const { team, user, role, models = ['*'] } = name
	authoriseGlobs(actor, 'admin', models)
	const now = context.now()
	const before = await findRow(context, name)
	if (before && !coversGlobs(actor, before.models))
		throw new AppError(
			'forbidden',
			`${actor.id} may not change what ${team}/${user} has: it reaches further.`,
		)
	const row = { team, user, role, models, createdAt: now, expiresAt: expiryOf(name.expires, now) }
	const set = { role, models, createdAt: now, expiresAt: row.expiresAt }
	const query = context.db
		.insert(slackUsers)
		.values(row)
		.onConflictDoUpdate({ target: [slackUsers.team, slackUsers.user], set })
	const details = { role, models, expiresAt: timeOrNull(row.expiresAt) }
	await commit(context, actor, { action: 'map-slack-user', object: objectOf(name), details }, [{ query }])
	return toRecord(row, now)
}

/** Takes the role of a Slack user away, at once. Throws `not-found`, also for one outside the scope. */
export async function unmapSlackUser(context: Context, actor: Actor, name: Named): Promise<void> {
	authorise(actor, 'admin')
	const row = await findRow(context, name)
	if (!row || !coversGlobs(actor, row.models))
		throw new AppError('not-found', `The Slack user ${name.team}/${name.user} is not mapped.`)
	const details = { role: row.role, models: row.models }
	const query = context.db.delete(slackUsers).where(byName(name))
	await commit(context, actor, { action: 'unmap-slack-user', object: objectOf(name), details }, [
		{ query, guarded: true },
	])
}

/** The mappings within the actor's scope, by team and user; those that expired are among them. */
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

/** Who a Slack user is here; undefined when nobody has given them a role, or not for now. Being in a channel is none. */
export async function slackActor(context: Context, team: string, user: string): Promise<Actor | undefined> {
	const row = await findRow(context, { team, user })
	if (!row || isExpired(row, context.now())) return undefined
	return { id: `slack:${team}/${user}`, how: 'slack', role: row.role, models: row.models }
}
