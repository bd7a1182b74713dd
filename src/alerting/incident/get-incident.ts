import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor, Role } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { incidents } from '../../db/schema.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import type { Incident } from './incident.schema.ts'
import type { IncidentRow } from './incident.ts'
import { withDetails } from './read-incidents.ts'

/** The stored row. Throws `not-found`, also for what lies outside the actor's scope. */
export async function findIncident(
	context: Context,
	actor: Actor,
	id: string,
	roles: readonly Role[],
): Promise<IncidentRow> {
	authorise(actor, roles)
	const [row] = await context.db.select().from(incidents).where(eq(incidents.id, id))
	if (!row || !inScope(actor, row.model))
		throw new AppError('not-found', `There is no incident "${id.slice(0, 100)}".`, {
			hint: { to: 'list-incidents' },
		})
	return row
}

export async function getIncident(context: Context, actor: Actor, id: string): Promise<Incident> {
	const row = await findIncident(context, actor, id, readers)
	return (await withDetails(context, [row]))[0] as Incident
}
