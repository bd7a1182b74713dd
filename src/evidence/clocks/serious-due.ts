import type { Context } from '../../context.ts'
import { type DueClock, dayOf, dueTitle, warnsOn } from './clock.ts'
import { incidentClocks } from './incident-clocks.ts'

/** Serious incidents whose report to the authority is due soon or overdue. Each has an incident of its own. */
export async function seriousDue(context: Context): Promise<DueClock[]> {
	const today = dayOf(context.now())
	const clocks = await incidentClocks(context)
	return clocks
		.filter(({ from, days }) => today >= dayOf(from) + warnsOn(days))
		.map(({ from, days, text, incident, model }) => ({
			about: `clock:serious:${incident}`,
			model,
			...dueTitle(
				today,
				[{ day: dayOf(from) + days, count: 1 }],
				['report on a serious incident', 'reports on serious incidents'],
			),
			note: `${text}, from becoming aware of ${incident}. Record the report in that incident.`,
		}))
}
