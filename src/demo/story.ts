import { formatTime } from '../core/time.ts'
import type { DemoClient } from './client.ts'
import { changedBranches } from './lender.ts'

type Alert = {
	rule: string
	severity: string
	subject: Record<string, unknown>
	metric: string
	value: number | null
	window: { from: string; to: string }
}
export type DemoIncident = {
	id: string
	model: string
	status: string
	severity: string
	title: string
	openedAt: string
	alerts: Alert[]
}
export type Story = {
	url: string
	key: string
	predictions: number
	outcomes: number
	seconds: number
	changedAt: number
	incidents: DemoIncident[]
}

export async function readIncidents(client: DemoClient): Promise<DemoIncident[]> {
	return (await client.call<{ items: DemoIncident[] }>('GET', '/v1/incidents')).items
}

/** What happened, in a few lines, with what to try next. */
export function tell(story: Story): string {
	const { url, key, incidents } = story
	const lines = [
		'',
		`A lender's two models, credit-risk and card-fraud, ${story.predictions.toLocaleString('en')} predictions and ${story.outcomes.toLocaleString('en')} outcomes,`,
		`posted over HTTP, computed and judged in ${story.seconds.toFixed(0)} s.`,
		'',
		`On ${formatTime(story.changedAt).slice(0, 10)} a source system began to send the income of two branches (${changedBranches.join(', ')}) by the month`,
		'instead of by the year. Nobody told the model.',
		'',
		`Plumbline opened ${incidents.length === 1 ? 'one incident' : `${incidents.length} incidents`}:`,
		...incidents.flatMap((incident) => describe(incident, url)),
		'',
		'Try it:',
		`  curl -s -H 'Authorization: Bearer ${key}' '${url}/v1/incidents'`,
		`  curl -s -H 'Authorization: Bearer ${key}' '${url}/v1/models/credit-risk/metrics?metric=drift.psi,drift.q&feature=income&window=1d'`,
		`  ${url}/docs`,
		...incidents
			.slice(0, 1)
			.map(({ id }) => `  in Slack, once connected: /plumb incidents    /plumb incident ${id}`),
		'',
	]
	return lines.join('\n')
}

function describe(incident: DemoIncident, url: string): string[] {
	const first = incident.alerts[0]
	return [
		'',
		`  ${incident.severity.toUpperCase()}  ${incident.title}`,
		`  ${incident.model}, ${incident.alerts.length} alert${incident.alerts.length === 1 ? '' : 's'}${first ? `, first seen in the window from ${first.window.from}` : ''}`,
		`  ${url}/v1/incidents/${incident.id}`,
	]
}
