import type { Context } from '../../context.ts'
import { personOf } from '../../core/actor.ts'

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
	const { bySlack } = context.people.current()
	const owners = new Map(rows.map(({ id, owner }) => [id, owner]))
	return (id) => {
		const listed = bySlack.get(id.replace(/^slack:/, ''))?.owner
		return personOf({ id, owner: owners.get(id) ?? listed })
	}
}
