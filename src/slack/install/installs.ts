import { and, asc, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { type Output, Time } from '../../core/schemas.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { slackInstalls } from '../../db/schema.ts'
import type { TokenKeys } from '../../ports/slack-client.ts'
import { authoriseGlobs } from '../../registry/key/authorise.ts'
import { openToken, sealToken } from './token-cipher.ts'

export const SlackInstall = z
	.strictObject({
		team: z
			.string()
			.meta({ description: 'The id of the workspace, or of the organisation that installed the app.' }),
		name: z.string(),
		enterprise: z.string().nullable(),
		botUser: z.string(),
		scopes: z.array(z.string()),
		installedAt: Time,
		installedBy: z.string().meta({ description: 'Who made the link to install.' }),
	})
	.meta({ id: 'SlackInstall', description: 'A workspace that installed the app. Its token is never shown.' })
export type SlackInstall = Output<typeof SlackInstall>

type Row = typeof slackInstalls.$inferSelect
const objectOf = (team: string) => `slack-install:${team}`

const toInstall = ({ token: _, installedAt, ...row }: Row): SlackInstall => ({
	...row,
	installedAt: formatTime(installedAt),
})

export async function findInstall(context: Context, team: string): Promise<Row | undefined> {
	const [row] = await context.db.select().from(slackInstalls).where(eq(slackInstalls.team, team))
	return row
}

export type NewInstall = Omit<Row, 'token' | 'installedAt' | 'installedBy'> & { token: string }

/** Stores a workspace with its token, in place of an earlier one. */
export async function saveInstall(
	context: Context,
	by: Pick<Actor, 'id' | 'how'>,
	keys: TokenKeys,
	install: NewInstall,
): Promise<SlackInstall> {
	const { team, name, enterprise, botUser, scopes } = install
	const token = await sealToken(keys, team, install.token, context.random)
	const row = { ...install, token, installedAt: context.now(), installedBy: by.id }
	const query = context.db
		.insert(slackInstalls)
		.values(row)
		.onConflictDoUpdate({ target: slackInstalls.team, set: row })
	const details = { name, enterprise, botUser, scopes }
	await commit(context, by, { action: 'install-slack', object: objectOf(team), details }, [{ query }])
	return toInstall(row)
}

/** Lists the workspaces that installed the app, by team. */
export async function listInstalls(context: Context, actor: Actor): Promise<{ items: SlackInstall[] }> {
	authoriseGlobs(actor, 'admin', ['*'])
	const rows = await context.db.select().from(slackInstalls).orderBy(asc(slackInstalls.team))
	return { items: rows.map(toInstall) }
}

/** Forgets the token of a workspace. Throws `not-found`. */
export async function removeInstall(context: Context, actor: Actor, team: string): Promise<void> {
	authoriseGlobs(actor, 'admin', ['*'])
	if (!(await findInstall(context, team)))
		throw new AppError('not-found', `The workspace ${JSON.stringify(team)} has not installed the app.`)
	await forgetInstall(context, actor, team, 'removed by an admin')
}

/** Removes a workspace whose token is no longer valid. A workspace that is not there is left alone. */
export async function forgetInstall(
	context: Context,
	by: Pick<Actor, 'id' | 'how'>,
	team: string,
	reason: string,
): Promise<void> {
	if (!(await findInstall(context, team))) return
	const query = context.db.delete(slackInstalls).where(eq(slackInstalls.team, team))
	await commit(context, by, { action: 'remove-slack-install', object: objectOf(team), details: { reason } }, [
		{ query },
	])
}

/** The token of a workspace; undefined if it has not installed the app. Throws `unavailable` without its key. */
export async function tokenOf(context: Context, keys: TokenKeys, team: string): Promise<string | undefined> {
	const row = await findInstall(context, team)
	return row && (await openToken(keys, team, row.token)).token
}

const rotation = { id: 'config', how: 'cli' as const }

/** Encrypts the tokens of older keys with the newest one. Logs an error for each that no key can decrypt. */
export async function resealTokens(context: Context, keys: TokenKeys): Promise<void> {
	for (const { team, token: sealed } of await context.db.select().from(slackInstalls)) {
		try {
			const { token, isNewest } = await openToken(keys, team, sealed)
			if (isNewest) continue
			const query = context.db
				.update(slackInstalls)
				.set({ token: await sealToken(keys, team, token, context.random) })
				.where(and(eq(slackInstalls.team, team), eq(slackInstalls.token, sealed)))
			await commit(context, rotation, { action: 'reencrypt-slack-token', object: objectOf(team) }, [
				{ query, guarded: true },
			])
		} catch (error) {
			if (!(error instanceof AppError)) throw error
			// Another process was quicker.
			if (error.code !== 'conflict') context.logger.error(error.message)
		}
	}
}
