import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, type Role, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { getOrInsert } from '../../core/maps.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { inList } from '../../db/database.ts'
import { incidentEvents, incidents } from '../../db/schema.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import { readAlertsOf } from '../alert/alert-working-set.ts'
import { reopenMs } from './causes.ts'
import type { Incident } from './incident.schema.ts'
import { type IncidentRow, toIncident } from './incident.ts'

/** The stored row. Throws `not-found`, also for an incident outside of the actor's scope. */
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

export type IncidentQuery = PageQuery & {
	model?: string | undefined
	status?: IncidentRow['status'] | undefined
	/** When they were opened, in ms since the epoch; `to` is exclusive. */
	from?: number | undefined
	to?: number | undefined
}

/** The incidents that the actor may see, also resolved ones, the latest first. */
export async function listIncidents(
	context: Context,
	actor: Actor,
	query: IncidentQuery,
): Promise<Page<Incident>> {
	authorise(actor, readers, query.model)
	const wanted = and(
		await inReach(context, actor, incidents.model),
		query.model === undefined ? undefined : eq(incidents.model, query.model),
		query.status === undefined ? undefined : eq(incidents.status, query.status),
		query.from === undefined ? undefined : gte(incidents.openedAt, query.from),
		query.to === undefined ? undefined : lt(incidents.openedAt, query.to),
	)
	const position = (row: IncidentRow) => `${String(row.openedAt).padStart(15, '0')} ${row.id}`
	const positionOf = sql`printf('%015d %s', ${incidents.openedAt}, ${incidents.id})`
	const after = cursorText(query.cursor)
	const rows = await context.db
		.select()
		.from(incidents)
		.where(and(wanted, after === undefined ? undefined : lt(positionOf, after)))
		.orderBy(desc(incidents.openedAt), desc(incidents.id))
		.limit(query.limit + 1)
	const page = toPage(rows, query.limit, position, (row) => row)
	return { items: await withDetails(context, page.items), next: page.next }
}

/** The incidents that are not resolved, the latest first. `areMore`: there are more than `limit`. */
export async function openIncidents(
	context: Context,
	actor: Actor,
	limit: number,
	model?: string,
): Promise<{ items: Incident[]; areMore: boolean }> {
	const pages = await Promise.all(
		(['open', 'acknowledged'] as const).map((status) =>
			listIncidents(context, actor, { status, limit, ...(model === undefined ? {} : { model }) }),
		),
	)
	const items = pages.flatMap((p) => p.items).sort((a, b) => (a.openedAt < b.openedAt ? 1 : -1))
	return { items: items.slice(0, limit), areMore: items.length > limit || pages.some((p) => p.next !== null) }
}

/** Incidents with their alerts and timelines. */
async function withDetails(context: Context, rows: readonly IncidentRow[]): Promise<Incident[]> {
	if (rows.length === 0) return []
	const ids = rows.map((r) => r.id)
	const events = await context.db
		.select()
		.from(incidentEvents)
		.where(inList(incidentEvents.incident, ids))
		.orderBy(asc(incidentEvents.revision), asc(incidentEvents.seq))
	const alerts = (await readAlertsOf(context, ids)).sort(
		(a, b) => a.began - b.began || (a.id < b.id ? -1 : 1),
	)
	const related = await readRelated(context, ids)
	return rows.map((row) =>
		toIncident(
			row,
			alerts.filter((a) => a.incident === row.id),
			events.filter((e) => e.incident === row.id),
			related.get(row.id) ?? [],
		),
	)
}

const maxRelated = 10

/** For each incident the nearest others of its model and environment, that overlap with it or are within a day of it. */
async function readRelated(context: Context, ids: readonly string[]): Promise<Map<string, string[]>> {
	const pairs = await context.sql.all<{ id: string; other: string }>({
		sql: `SELECT a.id AS id, b.id AS other FROM json_each(?1) i JOIN incident a ON a.id = i.value
			JOIN incident b ON b.model = a.model AND b.environment = a.environment AND b.id <> a.id
			WHERE b.began <= coalesce(a.ended + ?2, b.began) AND a.began <= coalesce(b.ended + ?2, a.began)
			ORDER BY a.id, abs(b.began - a.began), b.id`,
		params: [JSON.stringify(ids), reopenMs],
	})
	const related = new Map<string, string[]>()
	for (const { id, other } of pairs) {
		const others = getOrInsert(related, id, () => [])
		if (others.length < maxRelated) others.push(other)
	}
	return related
}
