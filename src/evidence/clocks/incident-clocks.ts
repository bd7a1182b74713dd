import { eq } from 'drizzle-orm'
import type { RegulatoryRecord } from '../../alerting/incident/regulatory.schema.ts'
import { readFacts } from '../../alerting/incident/regulatory.ts'
import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { incidentFacts, incidents } from '../../db/schema.ts'
import { lawAt } from '../reports/law.ts'

export const seriousIncidentLaw = 'ai-act-73'

/** The clock of the report on a serious incident. Days are of the calendar, in UTC; the day of becoming aware is day 0. */
export type IncidentClock = {
	/** The clock's id and text in the law tables. */
	clock: string
	text: string
	days: number
	/** When the provider became aware, and the end of the last day, in ms since the epoch. */
	from: number
	due: number
	/** When it was first reported; null while it was not. */
	metAt: number | null
}

/** Which clock runs for a class. */
const clockOf: Partial<Record<NonNullable<RegulatoryRecord['class']>, string>> = {
	death: 'death',
	widespread: 'widespread',
	'critical-infrastructure': 'widespread',
}

/** Undefined while the class or the time of becoming aware is not recorded, or no such law was in force. */
export function clockFor(context: Pick<Context, 'law'>, facts: RegulatoryRecord): IncidentClock | undefined {
	if (facts.class === null || facts.awareAt === null) return undefined
	const from = Date.parse(facts.awareAt)
	const id = clockOf[facts.class] ?? 'serious-incident'
	const clock = lawAt(context, seriousIncidentLaw, from)?.clocks?.find((c) => c.id === id)
	if (!clock) return undefined
	const due = (Math.floor(from / dayMs) + clock.days + 1) * dayMs
	const metAt = facts.initialReportAt ?? facts.completeReportAt
	return {
		clock: id,
		text: clock.text,
		days: clock.days,
		from,
		due,
		metAt: metAt === null ? null : Date.parse(metAt),
	}
}

/** The clocks of all incidents that were classed as serious and are not reported yet, the first due first. */
export async function incidentClocks(
	context: Context,
): Promise<(IncidentClock & { incident: string; model: string; environment: string })[]> {
	const rows = await context.db
		.selectDistinct({ id: incidents.id, model: incidents.model, environment: incidents.environment })
		.from(incidents)
		.innerJoin(incidentFacts, eq(incidentFacts.incident, incidents.id))
	const clocks = []
	for (const { id, model, environment } of rows) {
		const clock = clockFor(context, await readFacts(context, id))
		if (clock && clock.metAt === null) clocks.push({ ...clock, incident: id, model, environment })
	}
	return clocks.sort((a, b) => a.due - b.due || (a.incident < b.incident ? -1 : 1))
}
