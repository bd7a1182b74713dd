import type { Context } from '../../context.ts'
import type { Actor, Role } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { changeIncident } from './change-incident.ts'
import { findIncident, getIncident } from './get-incident.ts'
import type { Incident } from './incident.schema.ts'

export const handlers: Role[] = ['analyst', 'approver']
const maxTries = 3

/** Says that somebody is on it. Doing it again changes nothing; a resolved incident cannot be acknowledged. */
export async function acknowledgeIncident(context: Context, actor: Actor, id: string): Promise<Incident> {
	for (let attempt = 1; ; attempt++) {
		const row = await findIncident(context, actor, id, handlers)
		if (row.status === 'resolved')
			throw new AppError('conflict', `${id} is resolved already; there is nothing to acknowledge.`)
		if (row.status === 'acknowledged') return getIncident(context, actor, id)
		const set = { status: 'acknowledged' as const, acknowledgedAt: context.now(), acknowledgedBy: actor.id }
		try {
			await changeIncident(context, actor, row, { set, what: 'acknowledged', action: 'acknowledge-incident' })
			return getIncident(context, actor, id)
		} catch (error) {
			// Somebody was quicker: look again, it may be done.
			if (!(error instanceof AppError && error.code === 'conflict') || attempt === maxTries) throw error
		}
	}
}
