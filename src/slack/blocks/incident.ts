import { digits } from '../../core/digits.ts'
import type { Incident, IncidentAlert } from '../../services/incident/incident.ts'
import { type Evidence, mostShown } from '../../services/slack/incident-evidence.ts'
import { limits } from '../limits.ts'
import {
	button,
	clip,
	context,
	escapeText,
	header,
	lines,
	named,
	type SlackMessage,
	section,
	shortTime,
} from './text.ts'

type Evidences = readonly (Evidence | undefined)[]

const signs: Record<string, string> = {
	critical: ':red_circle:',
	warning: ':large_orange_circle:',
	info: ':large_blue_circle:',
}

const count = (value: number): string => value.toLocaleString('en')

function subjectText({ feature, segment, group }: IncidentAlert['subject']): string {
	const name = feature === '$score' ? 'the score' : feature === '$decision' ? 'the decision' : feature
	const parts = [name, segment && `${segment.name} = ${segment.value}`, group]
	return parts.filter((p) => p !== undefined).join(', ') || 'the model'
}

/** What moved from what to what, on how many rows, and how likely that is chance. Not escaped. */
function movement(
	{ metric, value, restated, before }: IncidentAlert,
	evidence: Evidence | undefined,
): string {
	const now = value === null ? 'unknown' : digits(value)
	const later = restated === null ? '' : ` (restated: ${digits(restated)})`
	const moved = `${before === null ? `${metric} ${now}` : `${metric} from ${digits(before)} to ${now}`}${later}`
	if (!evidence) return moved
	const { n, m, q } = evidence
	const baseline = m > 0 ? ` against ${count(m)}` : ''
	return `${moved} (n ${count(n)}${baseline}${q === null ? '' : `, q ${digits(q)}`})`
}

function alertLine(alert: IncidentAlert, evidence: Evidence | undefined): string {
	const state = alert.status === 'firing' ? '' : `, ${alert.status}`
	return `• *${named(subjectText(alert.subject))}* ${named(movement(alert, evidence), 150)}, window from ${shortTime(alert.window.from)} (rule ${named(alert.rule)}${state})`
}

const alertLines = ({ alerts }: Incident, evidence: Evidences): string[] =>
	alerts.map((alert, i) => alertLine(alert, evidence[i]))

/** Who acknowledged it, by the latest word of the timeline. */
const acknowledgedBy = ({ timeline }: Incident) => timeline.findLast((e) => e.what === 'acknowledged')?.who

function stateText(incident: Incident): string {
	const since = `since ${shortTime(incident.beganAt)}`
	if (incident.status === 'resolved')
		return `resolved${incident.resolvedAt === null ? '' : ` ${shortTime(incident.resolvedAt)}`}, began ${shortTime(incident.beganAt)}`
	const who = acknowledgedBy(incident)
	return incident.status === 'acknowledged'
		? `acknowledged${who ? ` by ${who}` : ''}, open ${since}`
		: `open ${since}`
}

/** An incident in a line, as markup. */
export const incidentText = (incident: Incident): string =>
	escapeText(
		`${incident.status === 'resolved' ? 'Resolved: ' : ''}${incident.severity} incident on ${clip(incident.model, 100)} (${clip(incident.environment, 60)}): ${clip(incident.title, 300)}`,
	)

/** The whole story in a text: what screen readers and notifications read. */
function summary(incident: Incident, evidence: Evidences): string {
	const moved = incident.alerts
		.slice(0, mostShown)
		.map((a, i) => named(`${clip(subjectText(a.subject), 100)} ${movement(a, evidence[i])}`, 250))
	const more = incident.alerts.length > mostShown ? `; and ${incident.alerts.length - mostShown} more` : ''
	const story = [incidentText(incident), named(stateText(incident), 200), moved.join('; ') + more]
	return clip(story.filter((s) => s !== '').join('. '), limits.messageText)
}

/** One incident as one message, which is edited in place. */
export function incidentMessage(
	incident: Incident,
	publicUrl: string,
	evidence: Evidences = [],
): SlackMessage {
	const { id, severity, model, environment, title, alerts } = incident
	const shown = alertLines({ ...incident, alerts: alerts.slice(0, mostShown) }, evidence)
	if (alerts.length > mostShown) shown.push(`… and ${alerts.length - mostShown} more`)
	const acknowledge = button('incident_acknowledge', 'Acknowledge', id, 'primary')
	const elements = [...(incident.status === 'open' ? [acknowledge] : []), button('incident_why', 'Why', id)]
	return {
		text: summary(incident, evidence),
		blocks: [
			header(title.trim() || id),
			section(
				`${signs[severity] ?? ''} *${severity}* on *${named(model)}* in ${named(environment)}, ${named(stateText(incident), 200)}`,
			),
			...(shown.length > 0 ? [section(lines(shown))] : []),
			context(`<${publicUrl}/v1/incidents/${encodeURIComponent(id)}|${escapeText(id)}>`),
			...(incident.status === 'resolved' ? [] : [{ type: 'actions', elements }]),
		],
	}
}

/** A timeline entry as a reply in the incident's thread. */
export const timelineText = (entry: Incident['timeline'][number]): string =>
	clip(escapeText(`${shortTime(entry.at)}  ${entry.who}: ${entry.what}`), limits.sectionText)

/** Why an incident is open: the evidence of each alert. */
export function whyMessage(incident: Incident, evidence: Evidences = []): SlackMessage {
	const evidences = alertLines(incident, evidence)
	const cause = incident.cause === null ? [] : [`Likely cause: ${named(incident.cause, 1000)}`]
	return {
		text: clip(`Why: ${[summary(incident, evidence), ...cause].join('. ')}`, limits.messageText),
		blocks: [
			section(`*Why:* ${named(incident.title.trim() || incident.id, 300)}`),
			section(lines(evidences) || 'There are no alerts in it.'),
			...cause.map(section),
		],
	}
}

/** The incidents that are not resolved, the latest first. */
export function incidentsMessage(open: readonly Incident[], areMore: boolean): SlackMessage {
	if (open.length === 0) return { text: 'No incident is open.', blocks: [section('No incident is open.')] }
	const all = open.map((i) => `• \`${escapeText(i.id)}\` ${incidentText(i)} (${i.status})`)
	const some = `${open.length}${areMore ? ' or more' : ''} not resolved`
	return {
		text: clip(`${some}: ${open.map(incidentText).join('; ')}`, limits.messageText),
		blocks: [
			section(lines(all)),
			context(`${some}. \`/plumb incident <id>\` shows one.`.replace('<id>', '&lt;id&gt;')),
		],
	}
}
