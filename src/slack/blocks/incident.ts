import type { Incident } from '../../services/incident/incident.ts'
import { limits } from '../limits.ts'
import { button, clip, context, escapeText, header, type SlackMessage, section } from './text.ts'

const mostAlerts = 8
const signs: Record<string, string> = {
	critical: ':red_circle:',
	warning: ':large_orange_circle:',
	info: ':large_blue_circle:',
}

const number = (value: number | null): string =>
	value === null ? 'unknown' : Number(value.toPrecision(4)).toString()

export function subjectText(subject: Record<string, unknown>): string {
	const { feature, segment, group } = subject as {
		feature?: string
		segment?: { name: string; value: string }
		group?: string
	}
	const parts = [feature, segment && `${segment.name} = ${segment.value}`, group].filter(
		(p) => p !== undefined,
	)
	return parts.length === 0 ? 'the model' : parts.join(', ')
}

function alertLine(alert: Incident['alerts'][number]): string {
	const when = alert.window ? `, window from ${alert.window.from}` : ''
	return `• *${escapeText(clip(subjectText(alert.subject), 200))}*: ${escapeText(alert.metric)} = ${number(alert.value)} (${escapeText(clip(alert.rule, 100))}, ${escapeText(alert.status)}${when})`
}

/** The whole story in a line: what screen readers and notifications read. */
export const incidentText = (incident: Incident): string =>
	escapeText(
		clip(
			`${incident.status === 'resolved' ? 'Resolved: ' : ''}${incident.severity} incident on ${incident.model} (${incident.environment}): ${incident.title}`,
			limits.sectionText / 5,
		),
	)

/** One incident as one message, which is edited in place. */
export function incidentMessage(incident: Incident, publicUrl: string): SlackMessage {
	const { alerts } = incident
	const more = alerts.length > mostAlerts ? `\n… and ${alerts.length - mostAlerts} more` : ''
	const state =
		incident.status === 'resolved'
			? `resolved ${incident.resolvedAt ?? ''}`
			: `${incident.status} since ${incident.openedAt}`
	const actions = {
		type: 'actions',
		elements: [
			...(incident.status === 'open'
				? [button('incident_acknowledge', 'Acknowledge', incident.id, 'primary')]
				: []),
			button('incident_why', 'Why', incident.id),
		],
	}
	return {
		text: incidentText(incident),
		blocks: [
			header(clip(incident.title || incident.id, limits.headerText)),
			section(
				`${signs[incident.severity] ?? ''} *${incident.severity}* on *${escapeText(clip(incident.model, 256))}* in ${escapeText(clip(incident.environment, 256))}, ${state}`,
			),
			...(alerts.length > 0 ? [section(alerts.slice(0, mostAlerts).map(alertLine).join('\n') + more)] : []),
			context(`<${publicUrl}/v1/incidents/${encodeURIComponent(incident.id)}|${escapeText(incident.id)}>`),
			...(incident.status === 'resolved' ? [] : [actions]),
		],
	}
}

/** A timeline entry as a reply in the incident's thread. */
export const timelineText = (entry: Incident['timeline'][number]): string =>
	escapeText(clip(`${entry.at}  ${entry.who}: ${entry.what}`, limits.sectionText))

/** Why an incident is open: the evidence of each alert. */
export function whyMessage(incident: Incident): SlackMessage {
	const lines = incident.alerts.map(alertLine)
	return {
		text: clip(`Why: ${incidentText(incident)}. ${lines.join(' ')}`, limits.messageText),
		blocks: [
			section(`*Why ${escapeText(clip(incident.title, 300))}*`),
			section(clip(lines.join('\n') || 'No alerts.', limits.sectionText)),
			...(incident.cause ? [section(`Likely cause: ${escapeText(incident.cause)}`)] : []),
		],
	}
}
