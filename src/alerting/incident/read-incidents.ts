import { asc } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { inList } from '../../db/in-list.ts'
import { incidentEvents } from '../../db/schema.ts'
import { readAlertsOf } from '../alert/read-alerts.ts'
import { reopenMs } from './causes.ts'
import type { Incident } from './incident.schema.ts'
import { type IncidentRow, toIncident } from './incident.ts'

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
