import type { Incident, IncidentAlert } from '../../alerting/incident/incident.schema.ts'
import { barChart, trendChart } from '../../charts/text-charts.ts'
import { digits } from '../../core/digits.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import { serviceModel } from '../../rules/rule-set.ts'
import {
	type Evidence,
	type IncidentDetails,
	maxShown,
	type SegmentValue,
} from '../delivery/incident-details.ts'
import { limits } from '../limits.ts'
import { count, figure } from './figure.ts'
import {
	type Block,
	button,
	clip,
	code,
	context,
	escapeText,
	header,
	lines,
	named,
	type SlackMessage,
	section,
	shortTime,
} from './text.ts'

const maxRelated = 5

type Evidences = readonly (Evidence | undefined)[]

const signs: Record<string, string> = {
	critical: ':red_circle:',
	warning: ':large_orange_circle:',
	info: ':large_blue_circle:',
}

function subjectText({ feature, segment, group }: IncidentAlert['subject']): string {
	const name = feature === '$score' ? 'the score' : feature === '$decision' ? 'the decision' : feature
	const parts = [name, segment && `${segment.name} = ${segment.value}`, group]
	return parts.filter((p) => p !== undefined).join(', ') || 'the model'
}

/** The change of the metric, on how many rows, and its q. Not escaped. */
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

/** An alert in one line, as markup. */
export function alertText(alert: IncidentAlert, evidence?: Evidence): string {
	const state = alert.status === 'firing' ? '' : `, ${alert.status}`
	return `*${named(subjectText(alert.subject))}* ${named(movement(alert, evidence), 150)}, window from ${shortTime(alert.window.from)} (rule ${named(alert.rule)}${state})`
}

/** Who acknowledged it last, by the timeline. */
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

/** An incident in one line, as markup. */
const incidentText = (incident: Incident): string =>
	escapeText(
		`${incident.status === 'resolved' ? 'Resolved: ' : ''}${incident.severity} incident on ${clip(incident.model, 100)} (${clip(incident.environment, 60)}): ${clip(incident.title, 300)}`,
	)

/** The changes, one per line; without changes, the alerts. Not escaped. */
function changeTexts(incident: Incident, evidence: Evidences): string[] {
	const { changes, alerts } = incident
	const texts =
		changes.length > 0
			? changes.map((c) => c.text)
			: alerts.map((a, i) => `${subjectText(a.subject)} ${movement(a, evidence[i])}`)
	const shown = texts.slice(0, maxShown)
	return texts.length > maxShown ? [...shown, `and ${texts.length - maxShown} more`] : shown
}

const nextText = ({ nextStep }: Incident): string[] =>
	nextStep === '' ? [] : [`Next: ${clip(nextStep, 500)}`]

/** The incident as plain text, for screen readers and notifications. */
function summary(incident: Incident, evidence: Evidences): string {
	const changed = changeTexts(incident, evidence).map((text) => named(text, 300))
	const story = [
		incidentText(incident),
		named(stateText(incident), 200),
		changed.join('; '),
		...nextText(incident).map(escapeText),
	]
	return clip(story.filter((s) => s !== '').join('. '), limits.messageText)
}

/** An incident as a message, which is later edited in place. `requests`: the state of each that is for it, as markup. */
export function incidentMessage(
	incident: Incident,
	publicUrl: string,
	evidence: Evidences = [],
	requests: readonly string[] = [],
): SlackMessage {
	const { id, severity, model, environment, title, related } = incident
	const changed = changeTexts(incident, evidence).map((text) => `• ${named(text, 400)}`)
	const acknowledge = button('incident_acknowledge', 'Acknowledge', id, 'primary')
	const rollback = button('incident_rollback', 'Request rollback', id)
	const elements = [
		...(incident.status === 'open' ? [acknowledge] : []),
		button('incident_why', 'Why', id),
		...(model === serviceModel ? [] : [rollback]),
	]
	const link = (of: string) =>
		`<${publicUrl}/v1/incidents/${encodeURIComponent(of)}|${escapeText(clip(of, 100))}>`
	const others = related.slice(0, maxRelated).map(link).join(', ')
	const more = related.length > maxRelated ? ` and ${related.length - maxRelated} more` : ''
	return {
		text: summary(incident, evidence),
		blocks: [
			header(title.trim() || id),
			section(
				`${signs[severity] ?? ''} *${severity}* on *${named(model)}* in ${named(environment)}, ${named(stateText(incident), 200)}`,
			),
			...(changed.length > 0 ? [section(lines(changed))] : []),
			...(requests.length > 0 ? [section(lines(['*Requests*', ...requests]))] : []),
			...nextText(incident).map((text) => section(escapeText(text).replace(/^Next:/, '*Next:*'))),
			context(link(id) + (others === '' ? '' : `. Related: ${others}${more}`)),
			...(incident.status === 'resolved' ? [] : [{ type: 'actions', elements }]),
		],
	}
}

/** A timeline entry as a reply in the thread of the incident. */
export const timelineText = (entry: Incident['timeline'][number]): string =>
	clip(escapeText(`${shortTime(entry.at)}  ${entry.who}: ${entry.what}`), limits.sectionText)

/** More than the message has: the alerts and their evidence, the metric over time and by segment, and examples. */
export function whyMessage(
	incident: Incident,
	evidence: Evidences = [],
	details?: IncidentDetails,
): SlackMessage {
	const { alerts } = incident
	const evidences = alerts.slice(0, maxShown).map((alert, i) => `• ${alertText(alert, evidence[i])}`)
	if (alerts.length > maxShown) evidences.push(`… and ${alerts.length - maxShown} more`)
	const cause = incident.cause === null ? [] : [`Likely cause: ${named(incident.cause, 1000)}`]
	const parts = details ? detailParts(details) : []
	const plainText = [...cause, ...parts.map((p) => p.plainText)].filter((t) => t !== '')
	return {
		text: clip(`Why: ${[evidences.join('; ') || 'no alerts', ...plainText].join('. ')}`, limits.messageText),
		blocks: [
			section(`*Evidence of* ${named(incident.id)}`),
			section(lines(evidences) || 'It has no alerts.'),
			...cause.map(section),
			...parts.flatMap((p) => p.blocks),
		],
	}
}

/** The unresolved incidents, the latest first. */
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

/** Blocks, and the same as text. Both are escaped. */
type Part = { blocks: Block[]; plainText: string }

/** The metric over time and by segment, and examples; empty parts are left out. */
const detailParts = (details: IncidentDetails): Part[] => [
	...trendPart(details),
	...details.segments.map((segment) => segmentPart(details, segment)),
	...examplesPart(details.examples),
]

const about = ({ metric, feature }: IncidentDetails): string =>
	named(feature === undefined ? metric : `${metric} of ${feature}`)

function trendPart(details: IncidentDetails): Part[] {
	const known = details.trend.filter((w) => w.value !== null)
	const [first, last] = [known[0], known.at(-1)]
	if (!first || !last || known.length < 2) return []
	const name = (from: number) => formatTime(from).slice(0, details.window === 'h' ? 13 : 10)
	const size = (details.window === 'h' ? 1 : 24) * hourMs
	const start = first.from
	const by = new Map(known.map((w) => [w.from, w.value]))
	const length = Math.min(60, Math.round((last.from - start) / size) + 1)
	const slots = Array.from({ length }, (_, i) => ({
		value: by.get(start + i * size) ?? null,
		estimate: null,
		isProvisional: false,
	}))
	const plainText = `*Trend* of ${about(details)}: ${figure(first.value ?? 0)} (${name(first.from)}) to ${figure(last.value ?? 0)} (${name(last.from)})`
	return [
		{ plainText, blocks: [section(plainText), code(trendChart(slots, name(first.from), name(last.from)))] },
	]
}

function segmentPart(details: IncidentDetails, { name, values }: IncidentDetails['segments'][number]): Part {
	const wording = ({ value, metric, n }: SegmentValue) =>
		`${value} ${metric === null ? 'unknown' : figure(metric)} (n ${count(n)})`
	const plainText = `*By ${named(name)}*, ${about(details)}: ${named(values.map(wording).join(', '), 500)}`
	const bars = values.map(({ value, metric, n }) => ({
		name: value,
		value: metric,
		low: null,
		high: null,
		note: `${metric === null ? 'unknown' : figure(metric)}  n ${count(n)}`,
	}))
	return { plainText, blocks: [section(`*By ${named(name)}*, ${about(details)}`), code(barChart(bars))] }
}

function examplesPart(examples: readonly string[] | undefined): Part[] {
	if (examples === undefined)
		return [
			{
				plainText: 'Only analysts see example predictions',
				blocks: [section('Only analysts see example predictions.')],
			},
		]
	if (examples.length === 0) return []
	const plainText = `*Examples*: ${examples.map((id) => `\`${named(id)}\``).join(', ')}`
	return [{ plainText, blocks: [section(`${plainText}. \`/plumb why &lt;id&gt;\` explains one.`)] }]
}
