import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { handlers } from './acknowledge-incident.ts'
import { changeIncident } from './change-incident.ts'
import { findIncident, getIncident } from './get-incident.ts'
import type { Incident } from './incident.schema.ts'

/** Adds a remark to the timeline. The ledger has its digest. */
export async function commentIncident(
	context: Context,
	actor: Actor,
	id: string,
	{ text }: { text: string },
): Promise<Incident> {
	const row = await findIncident(context, actor, id, handlers)
	const details = { text: `sha256:${await sha256Hex(text)}` }
	await changeIncident(context, actor, row, { set: {}, what: text, action: 'comment-incident', details })
	return getIncident(context, actor, id)
}
