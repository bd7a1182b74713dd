import { and, eq, gte, ne, or } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { dayMs } from '../../core/time.ts'
import { type ChangeSet, commit } from '../../db/commit.ts'
import { incidents, type SeverityName } from '../../db/schema.ts'
import { announce, changeIncident, eventInsert } from './change-incident.ts'
import type { IncidentRow } from './incident.ts'

// Rules open incidents from alerts (incident-working-set.ts). These have no alert, so that no evaluation changes them:
// people resolve them, or what opened them does.

export type IncidentWithoutRule = {
	/** What it is about, such as `execution:req_…`: at most one incident about it is open. See `nextStepAbout`. */
	about: string
	model: string
	environment: string
	severity: SeverityName
	title: string
	/** The first entries of the timeline, after `opened`. */
	notes: readonly string[]
}

/** A new incident, for the commit of what it is about. */
export function newIncident(
	context: Context,
	actor: Pick<Actor, 'id'>,
	{ about, model, environment, severity, title, notes }: IncidentWithoutRule,
): ChangeSet & { id: string } {
	const now = context.now()
	const row: IncidentRow = {
		id: newId('inc', now, context.random),
		...{ about, model, environment, severity, title },
		status: 'open',
		cause: null,
		began: now,
		ended: null,
		openedAt: now,
		acknowledgedAt: null,
		acknowledgedBy: null,
		resolvedAt: null,
		resolvedBy: null,
		channels: [],
		announcedAt: null,
		announceDue: null,
		revision: 1,
		changes: [],
	}
	const { id } = row
	const details = { status: row.status, severity, revision: 1, about }
	return {
		id,
		changes: [
			{ query: context.db.insert(incidents).values(row).onConflictDoNothing(), guarded: true },
			...['opened', ...notes].map((what, seq) => eventInsert(context, id, 1, seq, now, actor.id, what)),
			...announce(now, row, 1),
		],
		entries: [{ action: 'open-incident', object: `incident:${id}`, model, details }],
	}
}

/** Opens an incident unless one about the same is open, or somebody else, so a person, resolved one less than a day ago. */
export async function openIncidentOnce(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	incident: IncidentWithoutRule,
): Promise<void> {
	const dayAgo = context.now() - dayMs
	const byPerson = and(gte(incidents.resolvedAt, dayAgo), ne(incidents.resolvedBy, actor.id))
	const recent = or(ne(incidents.status, 'resolved'), byPerson)
	const [known] = await context.db
		.select({ id: incidents.id })
		.from(incidents)
		.where(and(eq(incidents.about, incident.about), recent))
		.limit(1)
	if (known) return
	const { changes, entries } = newIncident(context, actor, incident)
	try {
		await commit(context, actor, entries, changes)
	} catch (error) {
		// Another process has opened it.
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
}

/** Resolves the open incident about something that has passed by itself. Does nothing if somebody else changes it. */
export async function resolveIncidentAbout(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	about: string,
	reason: string,
): Promise<void> {
	const open = and(eq(incidents.about, about), ne(incidents.status, 'resolved'))
	const [row] = await context.db.select().from(incidents).where(open)
	if (!row) return
	const now = context.now()
	const set = { status: 'resolved' as const, resolvedAt: now, resolvedBy: actor.id, ended: now }
	try {
		await changeIncident(context, actor, row, {
			set,
			what: `resolved: ${reason}`,
			action: 'resolve-incident',
			details: { reason },
		})
	} catch (error) {
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
}
