import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { type Change, commit } from '../../db/commit.ts'
import { outboxInsert } from '../../db/outbox/enqueue.ts'
import { incidentEvents, incidents } from '../../db/schema.ts'
import type { IncidentRow } from './incident.ts'

/** A timeline entry of one revision of an incident. */
export const eventInsert = (
	context: Context,
	incident: string,
	revision: number,
	seq: number,
	at: number,
	who: string,
	what: string,
): Change => ({
	query: context.db.insert(incidentEvents).values({ incident, revision, seq, at, who, what }),
})

/** What tells Slack that a revision is there: one message a channel, or one for the default channel. */
export const announce = (
	now: number,
	{ id, channels }: Pick<IncidentRow, 'id' | 'channels'>,
	revision: number,
): Change[] =>
	(channels.length > 0 ? channels : [undefined]).map((channel) =>
		outboxInsert(now, {
			key: `incident:${id}:${revision}:${channel ?? ''}`,
			kind: 'incident',
			payload: { incidentId: id, ...(channel === undefined ? {} : { channel }) },
		}),
	)

/**
 * Changes an incident as a person asked, with its timeline entry, its ledger entry and its announcement in one commit.
 * Throws `conflict` when it changed meanwhile.
 */
export async function changeIncident(
	context: Context,
	actor: Actor,
	row: IncidentRow,
	change: { set: Partial<IncidentRow>; what: string; action: string; details?: Record<string, unknown> },
): Promise<void> {
	const now = context.now()
	const revision = row.revision + 1
	const update = context.db
		.update(incidents)
		.set({ ...change.set, revision })
		.where(and(eq(incidents.id, row.id), eq(incidents.revision, row.revision)))
	const entry = {
		action: change.action,
		object: `incident:${row.id}`,
		model: row.model,
		...(change.details ? { details: change.details } : {}),
	}
	await commit(context, actor, entry, [
		{ query: update, guarded: true },
		eventInsert(context, row.id, revision, 0, now, actor.id, change.what),
		...announce(now, row, revision),
	])
}
