import { and, eq, gte, inArray, ne, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { inList } from '../../db/in-list.ts'
import { alerts, incidents } from '../../db/schema.ts'
import type { AlertRow } from './alert-working-set.ts'

/** Alerts that a judgement of windows from `from` on can touch: firing, of open incidents, or active since then. */
export function readAlertsSince(
	context: Context,
	from: number,
	place?: { model: string; environment: string },
): Promise<AlertRow[]> {
	const open = context.db.select({ id: incidents.id }).from(incidents).where(ne(incidents.status, 'resolved'))
	const touched = or(
		eq(alerts.status, 'firing'),
		gte(sql`coalesce(${alerts.endedTo}, ${alerts.firedTo})`, from),
		gte(alerts.firedFrom, from),
		inArray(alerts.incident, open),
	)
	const here = place
		? and(eq(alerts.model, place.model), eq(alerts.environment, place.environment))
		: undefined
	return context.db.select().from(alerts).where(and(touched, here))
}

export async function readAlertsOf(context: Context, incidentIds: readonly string[]): Promise<AlertRow[]> {
	if (incidentIds.length === 0) return []
	return context.db.select().from(alerts).where(inList(alerts.incident, incidentIds))
}
