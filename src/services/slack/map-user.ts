import { and, eq } from 'drizzle-orm'
import type { Actor, Context, Role } from '../../context.ts'
import { commit } from '../../db/commit.ts'
import { slackUsers } from '../../db/schema.ts'
import { authorise } from '../authorise.ts'

/** Gives a Slack user a role for some models; replaces what they had. */
export async function mapSlackUser(
	context: Context,
	actor: Actor,
	input: { team: string; user: string; role: Role; models: string[] },
): Promise<void> {
	authorise(actor, 'admin')
	const { team, user, role, models } = input
	const query = context.db
		.insert(slackUsers)
		.values(input)
		.onConflictDoUpdate({ target: [slackUsers.team, slackUsers.user], set: { role, models } })
	await commit(
		context,
		actor,
		{ action: 'map-slack-user', object: `slack-user:${team}/${user}`, details: { role, models } },
		[{ query }],
	)
}

/** Who a Slack user is here; undefined when nobody has given them a role. Being in a channel is none. */
export async function slackActor(context: Context, team: string, user: string): Promise<Actor | undefined> {
	const [row] = await context.db
		.select()
		.from(slackUsers)
		.where(and(eq(slackUsers.team, team), eq(slackUsers.user, user)))
	return row && { id: `slack:${team}/${user}`, how: 'slack', role: row.role, models: row.models }
}
