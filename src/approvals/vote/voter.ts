import type { Context } from '../../context.ts'
import { type Actor, personOf, type Role } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import type { Statement } from '../../db/sql.ts'

/**
 * Who votes, with the role, scope and owner of this moment. `guard` is a condition in SQL that holds while they are the
 * same: it goes into the commit of the vote.
 */
export type Voter = { actor: Actor; person: string; guard: Required<Statement> }

type Row = { role: Role; models: string; owner: string | null }

const columns = 'SELECT role, models, owner'
const inForce = '(expires_at IS NULL OR expires_at > ?)'
const keySql = `FROM access_key WHERE id = ? AND revoked_at IS NULL AND ${inForce}`
const slackSql = `FROM slack_user WHERE team = ? AND user = ? AND ${inForce}`

/**
 * Throws `unauthenticated` for a key that was revoked or has expired, and `forbidden` for what is not a person. What an admin
 * has mapped in Slack is read here; what the mapping file and Slack say was read when the actor was made, just before.
 */
export async function readVoter(context: Context, actor: Actor): Promise<Voter> {
	const source = sourceOf(actor, context.now())
	if (!source) throw new AppError('forbidden', `${actor.id} cannot vote: people vote with a key or in Slack.`)
	const [row] = await context.sql.all<Row>({ sql: `${columns} ${source.sql}`, params: source.params })
	if (!row && actor.how === 'key')
		throw new AppError(
			'unauthenticated',
			`${actor.id} was revoked or has expired. Ask an admin for a new one.`,
		)
	if (!row)
		return {
			actor,
			person: personOf(actor),
			guard: { sql: `NOT EXISTS (SELECT 1 ${source.sql})`, params: source.params },
		}
	const owner = row.owner ?? (actor.how === 'slack' ? actor.owner : undefined)
	const current: Actor = { ...actor, role: row.role, models: JSON.parse(row.models), owner }
	return {
		actor: current,
		person: personOf(current),
		guard: {
			sql: `EXISTS (SELECT 1 ${source.sql} AND role = ? AND models = ? AND owner IS ?)`,
			params: [...source.params, row.role, row.models, row.owner],
		},
	}
}

function sourceOf({ id, how }: Actor, now: number): Required<Statement> | undefined {
	if (how === 'key') return { sql: keySql, params: [id.replace(/^key:/, ''), now] }
	const [, team, user] = /^slack:([^/]+)\/(.+)$/.exec(id) ?? []
	if (how !== 'slack' || team === undefined || user === undefined) return undefined
	return { sql: slackSql, params: [team, user, now] }
}
