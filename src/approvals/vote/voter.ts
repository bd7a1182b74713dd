import type { Context } from '../../context.ts'
import { type Actor, personOf, type Role } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import type { Statement } from '../../db/sql.ts'

/**
 * Who votes, with the role, scope and owner of this moment. `guard` is a condition in SQL that holds while they are the
 * same: it goes into the commit of the vote.
 */
export type Voter = { actor: Actor; person: string; guard: Required<Statement> }

type Row = { role: Role; models: string; owner: string | null; expiresAt: number | null }

const keySql = `SELECT role, models, owner, expires_at AS expiresAt FROM access_key WHERE id = ? AND revoked_at IS NULL`
const slackSql = `SELECT role, models, owner, expires_at AS expiresAt FROM slack_user WHERE team = ? AND user = ?`

/** Throws `unauthenticated` for a key that was revoked or has expired, and `forbidden` for an actor that cannot vote. */
export async function readVoter(context: Context, actor: Actor): Promise<Voter> {
	const source = sourceOf(actor)
	if (!source) throw new AppError('forbidden', `${actor.id} cannot vote: people vote with a key or in Slack.`)
	const now = context.now()
	const [row] = await context.sql.all<Row>(source)
	if (!row || (row.expiresAt !== null && row.expiresAt <= now))
		throw actor.how === 'key'
			? new AppError('unauthenticated', `${actor.id} was revoked or has expired. Ask an admin for a new one.`)
			: new AppError('forbidden', `${actor.id} has no role any more. Ask an admin for one.`)
	const owner = row.owner ?? undefined
	const current: Actor = { ...actor, role: row.role, models: JSON.parse(row.models), owner }
	return {
		actor: current,
		person: personOf(current),
		guard: {
			sql: `EXISTS (${source.sql} AND role = ? AND models = ? AND owner IS ? AND (expires_at IS NULL OR expires_at > ?))`,
			params: [...source.params, row.role, row.models, row.owner, now],
		},
	}
}

function sourceOf({ id, how }: Actor): Required<Statement> | undefined {
	if (how === 'key') return { sql: keySql, params: [id.replace(/^key:/, '')] }
	const [, team, user] = /^slack:([^/]+)\/(.+)$/.exec(id) ?? []
	if (how !== 'slack' || team === undefined || user === undefined) return undefined
	return { sql: slackSql, params: [team, user] }
}

/** The person behind each of the actors as of now, whether they are still active or not. */
export async function personsNow(
	context: Context,
	actorIds: readonly string[],
): Promise<(actorId: string) => string> {
	const rows = await context.sql.all<{ id: string; owner: string | null }>({
		sql: `SELECT 'key:' || id AS id, owner FROM access_key WHERE 'key:' || id IN (SELECT value FROM json_each(?1))
			UNION ALL SELECT 'slack:' || team || '/' || user AS id, owner FROM slack_user
			WHERE 'slack:' || team || '/' || user IN (SELECT value FROM json_each(?1))`,
		params: [JSON.stringify(actorIds)],
	})
	const persons = new Map(rows.map(({ id, owner }) => [id, personOf({ id, owner: owner ?? undefined })]))
	return (actorId) => persons.get(actorId) ?? actorId
}
