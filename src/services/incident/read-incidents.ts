import { asc } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { inList } from '../../db/in-list.ts'
import { incidentEvents } from '../../db/schema.ts'
import { readAlertsOf } from '../alert/read-alerts.ts'
import { type Incident, type IncidentRow, toIncident } from './incident.ts'

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
	return rows.map((row) =>
		toIncident(
			row,
			alerts.filter((a) => a.incident === row.id),
			events.filter((e) => e.incident === row.id),
		),
	)
}
