import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor, Role } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { type Change, commit } from '../../db/commit.ts'
import { outboxInsert } from '../../db/outbox.ts'
import { incidentEvents, incidents } from '../../db/schema.ts'
import type { Incident } from './incident.schema.ts'
import type { IncidentRow } from './incident.ts'
import { findIncident, getIncident } from './read-incidents.ts'

/** Who may change incidents and silences. */
export const handlers: Role[] = ['analyst', 'approver']
const maxTries = 3

/** Acknowledges an incident: somebody works on it. Acknowledging again changes nothing; a resolved one is refused. */
export async function acknowledgeIncident(context: Context, actor: Actor, id: string): Promise<Incident> {
	for (let attempt = 1; ; attempt++) {
		const row = await findIncident(context, actor, id, handlers)
		if (row.status === 'resolved')
			throw new AppError('conflict', `${id} is already resolved and cannot be acknowledged.`)
		if (row.status === 'acknowledged') return getIncident(context, actor, id)
		const set = { status: 'acknowledged' as const, acknowledgedAt: context.now(), acknowledgedBy: actor.id }
		try {
			await changeIncident(context, actor, row, { set, what: 'acknowledged', action: 'acknowledge-incident' })
			return getIncident(context, actor, id)
		} catch (error) {
			// Another change came first: read the incident again.
			if (!(error instanceof AppError && error.code === 'conflict') || attempt === maxTries) throw error
		}
	}
}

/** Adds a comment to the timeline. The ledger has its digest. */
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

/** Resolves an incident manually. It opens again when one of its rules fires anew. Resolving again changes nothing. */
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

/** One commit: the change, its timeline entry, its ledger entry and its announcement. Throws `conflict` if it changed. */
export async function changeIncident(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	row: IncidentRow,
	change: { set: Partial<IncidentRow>; what: string; action: string; details?: Record<string, unknown> },
	more: readonly Change[] = [],
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
		...more,
		...announce(now, row, revision),
	])
}

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

/** Messages about a new revision for the outbox: one for each channel, or one for the default channel. */
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
