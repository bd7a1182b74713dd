import type { Incident, IncidentAlert } from '../../alerting/incident/incident.ts'
import type { Context } from '../../context.ts'
import { type WindowSize, windowMs, windowSizes } from '../../core/time.ts'
import { metricIds } from '../../metrics/index.ts'
import { readPoints } from '../../monitoring/windows/read-points.ts'

/** What stands behind an alert: rows of its window and of the baseline, and the chance that it is none. */
export type Evidence = { n: number; m: number; q: number | null }

/** More alerts than that are counted, not shown. */
export const maxShown = 8

/** The evidence of an incident's first alerts, in their order; undefined where an alert is not about a computed window. */
export const incidentEvidence = (context: Context, incident: Incident): Promise<(Evidence | undefined)[]> =>
	Promise.all(incident.alerts.slice(0, maxShown).map((alert) => evidenceOf(context, incident, alert)))

async function evidenceOf(
	context: Context,
	{ model, environment }: Incident,
	alert: IncidentAlert,
): Promise<Evidence | undefined> {
	const window = sizeOf(alert)
	if (window === undefined || !metricIds.includes(alert.metric)) return undefined
	const { version, feature, segment } = alert.subject
	const from = Date.parse(alert.window.from)
	const { items } = await readPoints(context, {
		model,
		environment,
		version,
		window,
		metrics: [alert.metric],
		feature,
		segment: segment && `${segment.name}:${segment.value}`,
		from,
		to: from + 1,
		limit: 1,
	})
	const [answer] = items
	return answer?.subject.feature === feature && answer ? { n: answer.n, m: answer.m, q: answer.q } : undefined
}

/** An alert by the clock is not about a window. */
export function sizeOf({ window: { from, to } }: IncidentAlert): WindowSize | undefined {
	const ms = Date.parse(to) - Date.parse(from)
	return windowSizes.find((size) => windowMs[size] === ms)
}
