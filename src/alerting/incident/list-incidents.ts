import { and, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { incidents } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import type { Incident, IncidentRow } from './incident.ts'
import { withDetails } from './read-incidents.ts'

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
