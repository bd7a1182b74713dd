import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, type Role, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { inList } from '../../db/database.ts'
import { incidentEvents, incidents } from '../../db/schema.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import { readAlertsOf } from '../alert/alert-working-set.ts'
import { reopenMs } from './causes.ts'
import { type Incident, type IncidentRow, toIncident } from './incident.ts'

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
		throw new AppError(
			'not-found',
			`There is no incident "${id.slice(0, 100)}". GET /v1/incidents lists them.`,
		)
	return row
}

export async function getIncident(context: Context, actor: Actor, id: string): Promise<Incident> {
	const row = await findIncident(context, actor, id, readers)
	return (await withDetails(context, [row]))[0] as Incident
}

export type IncidentQuery = PageQuery & {
	model?: string | undefined
	status?: IncidentRow['status'] | undefined
	/** By the time they were opened, ms since the epoch; `to` is exclusive. */
	from?: number | undefined
	to?: number | undefined
}

/** Incidents that the actor may see, the latest first, resolved ones included. */
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
	const place = sql`printf('%015d %s', ${incidents.openedAt}, ${incidents.id})`
	const after = cursorText(query.cursor)
	const rows = await context.db
		.select()
		.from(incidents)
		.where(and(wanted, after === undefined ? undefined : lt(place, after)))
		.orderBy(desc(incidents.openedAt), desc(incidents.id))
		.limit(query.limit + 1)
	const page = toPage(rows, query.limit, position, (row) => row)
	return { items: await withDetails(context, page.items), next: page.next }
}

/** Those that are not resolved, the latest first. `areMore`: there are others. */
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

/** Rows with their alerts and timelines. */
export async function withDetails(context: Context, rows: readonly IncidentRow[]): Promise<Incident[]> {
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

/** Other incidents of the same model and environment that went on at the same time, or within a day of it: the nearest. */
async function readRelated(context: Context, ids: readonly string[]): Promise<Map<string, string[]>> {
	const rows = (await context.sql.values({
		sql: `SELECT a.id, b.id FROM json_each(?1) i JOIN incident a ON a.id = i.value
			JOIN incident b ON b.model = a.model AND b.environment = a.environment AND b.id <> a.id
			WHERE b.began <= coalesce(a.ended + ?2, b.began) AND a.began <= coalesce(b.ended + ?2, a.began)
			ORDER BY a.id, abs(b.began - a.began), b.id`,
		params: [JSON.stringify(ids), reopenMs],
	})) as unknown as [string, string][]
	const related = new Map<string, string[]>()
	for (const [id, other] of rows) {
		const list = related.get(id) ?? []
		if (list.length < maxRelated) list.push(other)
		related.set(id, list)
	}
	return related
}
