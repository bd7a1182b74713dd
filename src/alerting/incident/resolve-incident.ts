import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { handlers } from './acknowledge-incident.ts'
import { changeIncident } from './change-incident.ts'
import { findIncident, getIncident } from './get-incident.ts'
import type { Incident } from './incident.schema.ts'

/** Closes an incident by hand, for a reason. It opens again when one of its rules fires anew. Again changes nothing. */
export async function resolveIncident(
	context: Context,
	actor: Actor,
	id: string,
	{ reason }: { reason: string },
): Promise<Incident> {
	const row = await findIncident(context, actor, id, handlers)
	if (row.status !== 'resolved') {
		const now = context.now()
		const set = {
			status: 'resolved' as const,
			resolvedAt: now,
			resolvedBy: actor.id,
			ended: row.ended ?? now,
		}
		await changeIncident(context, actor, row, {
			set,
			what: `resolved: ${reason}`,
			action: 'resolve-incident',
			details: { reason },
		})
	}
	return getIncident(context, actor, id)
}
