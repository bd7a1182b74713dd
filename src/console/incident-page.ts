import { html } from 'hono/html'
import { nameOf } from '../alerting/incident/feature-changes.ts'
import type { Incident, IncidentAlert } from '../alerting/incident/incident.schema.ts'
import type { Reply } from '../http/endpoint.ts'
import { facts, page, table, time } from './page.ts'

const address = ({ id }: { id: string }) => `/incidents/${encodeURIComponent(id)}`

/** The latest incidents. */
export function incidentsPage(incidents: readonly Incident[]): Promise<Reply> {
	const rows = incidents.map((i) => [
		html`<a href="${address(i)}">${i.title}</a>`,
		i.severity,
		i.status,
		`${i.model}, ${i.environment}`,
		time(i.openedAt),
	])
	const columns = ['Incident', 'Severity', 'Status', 'Model', 'Opened'].map((name) => ({ name }))
	const body =
		rows.length === 0 ? html`<p>No incident has been opened.</p>` : table('The latest first', columns, rows)
	return page(200, 'Incidents', body)
}

/** An incident: next step, changes, evidence and timeline. */
export function incidentPage(incident: Incident): Promise<Reply> {
	const { title, model, environment, status, severity, cause, changes, nextStep, related, timeline } =
		incident
	return page(
		200,
		title,
		html`${nextStep === '' ? '' : html`<p class="note warn"><strong>Next:</strong> ${nextStep}</p>`}
${facts([
	['Status', `${status}, ${severity}`],
	['Model', `${model}, ${environment}`],
	['Began', time(incident.beganAt)],
	['Opened', time(incident.openedAt)],
	['Resolved', incident.resolvedAt === null ? null : time(incident.resolvedAt)],
	['Cause', cause],
])}
<h2>What changed</h2>
${changes.length === 0 ? html`<p>No change in the rows explains it.</p>` : html`<ul>${changes.map((c) => html`<li>${c.text}</li>`)}</ul>`}
<h2>Evidence</h2>
${alertTable(incident.alerts)}
${related.length === 0 ? '' : html`<h2>Related incidents</h2><ul>${related.map((id) => html`<li><a href="${address({ id })}">${id}</a></li>`)}</ul>`}
<h2>Timeline</h2>
<ul>${timeline.map(({ at, who, what }) => html`<li>${time(at)}, ${who}: ${what}</li>`)}</ul>
<p><a href="/incidents">All incidents</a> · <a href="/v1${address(incident)}">The same as JSON</a></p>`,
	)
}

function subjectText({ version, feature, segment, group }: IncidentAlert['subject']): string {
	const parts = [
		feature && nameOf(feature),
		segment && `where ${segment.name} is ${segment.value}`,
		group && `by ${group}`,
		`version ${version}`,
	]
	return parts.filter(Boolean).join(', ')
}

const number = (value: number | null): string =>
	value === null ? '–' : Number(value.toPrecision(4)).toLocaleString('en', { maximumSignificantDigits: 4 })

const alertTable = (alerts: readonly IncidentAlert[]) =>
	table(
		'Alerts: the rules that fired, and their values',
		[
			{ name: 'Metric' },
			{ name: 'Of' },
			{ name: 'Before', isNumber: true },
			{ name: 'Value', isNumber: true },
			{ name: 'Window from' },
			{ name: 'Rule' },
			{ name: 'Status' },
		],
		alerts.map((a) => [
			html`<code>${a.metric}</code>`,
			subjectText(a.subject),
			number(a.before),
			number(a.restated ?? a.value),
			time(a.window.from),
			`${a.rule} (${a.severity})`,
			a.status,
		]),
	)
