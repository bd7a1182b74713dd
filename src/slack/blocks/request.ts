import type { Incident } from '../../alerting/incident/incident.schema.ts'
import type { GateResult } from '../../approvals/gates/check-gates.ts'
import type { ActionRequest } from '../../approvals/request/request.schema.ts'
import type { RequestKind } from '../../db/schema.ts'
import { limits } from '../limits.ts'
import { alertText } from './incident.ts'
import {
	type Block,
	button,
	clip,
	context,
	escapeText,
	fitParts,
	header,
	lines,
	named,
	type SlackMessage,
	section,
	shortTime,
} from './text.ts'

/** What a message of a request shows besides the request. */
export type RequestAbout = { publicUrl: string; incident?: Incident | undefined }

/** The button that opens the form for a vote. Its value is the id of the request. */
export const reviewButton = (id: string) => button('request_review', 'Review', id, 'primary')

const kindNames: Record<RequestKind, string> = {
	rollback: 'Rollback',
	promotion: 'Promotion',
	retraining: 'Retraining',
	canary: 'Canary step',
	deployment: 'Deployment',
	silence: 'Silence',
	'reason-table': 'Reason table',
	report: 'Report sign-off',
	'risk-tier': 'Risk tier',
}

const maxVotes = 10
const maxSteps = 6

/** Whether people can vote on it. */
export const isOpen = ({ status }: Pick<ActionRequest, 'status'>): boolean => status === 'pending'

const approvals = ({ votes }: ActionRequest): number => votes.filter((v) => v.vote === 'approve').length

/** `Rollback of credit-risk in production`. Not escaped. */
export const requestTitle = ({ kind, model, environment }: ActionRequest): string =>
	`${kindNames[kind]} of ${clip(model, 80)} in ${clip(environment, 40)}`

/** The status in the words of the interface. Escaped. */
export function statusText(request: ActionRequest): string {
	const { status, needs, executeAfter, execution } = request
	if (status === 'pending') return `pending, ${approvals(request)} of ${needs} approvals`
	if (status === 'approved' && executeAfter !== null)
		return `approved, starts after ${shortTime(executeAfter)}`
	if (execution?.error) return `${status}: ${named(execution.error, 300)}`
	return status
}

/** A request in one line, with a link. Escaped. */
export function requestLine(request: ActionRequest, publicUrl: string): string {
	const { id, kind, action } = request
	const url = `${publicUrl}/v1/requests/${encodeURIComponent(id)}`
	const change =
		action.to === undefined ? '' : ` from ${named(shown(action.from), 60)} to ${named(shown(action.to), 60)}`
	return `• <${escapeText(url)}|${named(id)}> ${kindNames[kind]}${change}: ${statusText(request)}`
}

type Canary = { version?: unknown; percent?: unknown } | null | undefined
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Where the traffic goes afterwards. Not escaped. */
function trafficText({ to, canary }: Record<string, unknown>): string | undefined {
	if (to === undefined) return undefined
	const share = canary as Canary
	if (share) return `${shown(share.percent)}% to ${shown(share.version)}, the rest to ${shown(to)}`
	return share === null ? `100% to ${shown(to)}; the canary ends` : `100% to ${shown(to)}`
}

const known = new Set(['kind', 'model', 'environment', 'from', 'to', 'canary'])
const served = new Set<RequestKind>(['rollback', 'promotion', 'deployment', 'canary'])

/** The exact action, a member a line. Escaped. */
export function actionLines({ kind, action }: ActionRequest): string[] {
	const line = (name: string, value: unknown) =>
		value === undefined ? [] : [`*${named(name, 60)}* ${named(shown(value), 500)}`]
	const others = Object.entries(action).filter(([name]) => !known.has(name))
	return [
		...line('Action', kind),
		...line('Model', action.model),
		...line('Environment', action.environment),
		...line('From', action.from),
		...line('To', action.to),
		...line('Traffic', served.has(kind) ? trafficText(action) : undefined),
		...others.flatMap(([name, value]) => line(name, value)),
	]
}

/** Why it is requested: the reason, and what the incident measured. Escaped. */
export function whyLines(
	{ requesterPerson, reason, evidence }: ActionRequest,
	about: RequestAbout,
): string[] {
	const { incident, publicUrl } = about
	const asked = `Requested by ${named(requesterPerson)}: ${named(reason, 1000)}`
	const gates = (evidence.gates ?? []) as GateResult[]
	const notes = [
		...(typeof evidence.note === 'string' ? [named(evidence.note, 500)] : []),
		...gates.map(({ gate, version, status, detail }) =>
			named(`Gate ${gate} of version ${version}: ${status}. ${detail}`, 500),
		),
	]
	if (!incident) return [asked, ...notes]
	const [alert] = incident.alerts
	const path = `${publicUrl}/v1/incidents/${encodeURIComponent(incident.id)}`
	const link = `Incident <${escapeText(path)}|${named(incident.id)}>: ${named(incident.title, 300)}`
	return [asked, link, ...(alert ? [alertText(alert), chartLink(incident, alert, publicUrl)] : []), ...notes]
}

/** Links to the values of the alert's metric over time. */
function chartLink(
	{ model, environment }: Incident,
	{ metric, subject }: Incident['alerts'][number],
	publicUrl: string,
): string {
	const query = new URLSearchParams({ metric, environment })
	if (subject.feature !== undefined) query.set('feature', subject.feature)
	const url = `${publicUrl}/v1/models/${encodeURIComponent(model)}/metrics?${query}`
	return `<${escapeText(url)}|${named(metric)} over time>`
}

/** The votes, one a line. Escaped. */
export function voteLines({ votes }: ActionRequest): string[] {
	const all = votes.map(({ vote, person, at, reason, breakGlass }) => {
		const how = breakGlass ? ' (break-glass)' : ''
		return `• ${vote === 'approve' ? 'approved' : 'rejected'}${how} by ${named(person)}, ${shortTime(at)}: ${named(reason, 200)}`
	})
	return all.length > maxVotes ? [...all.slice(0, maxVotes), `… and ${all.length - maxVotes} more`] : all
}

/** The last steps of the execution, one a line. Escaped. */
export const stepLines = ({ execution }: ActionRequest): string[] =>
	(execution?.steps ?? [])
		.slice(-maxSteps)
		.map(
			({ at, step, ok, detail }) => `• ${shortTime(at)} ${step}${ok ? '' : ' failed'}: ${named(detail, 200)}`,
		)

/** Lines under a title; none without lines. */
export const part = (title: string, texts: readonly string[]): Block[] =>
	texts.length === 0 ? [] : [section(lines([`*${title}*`, ...texts]))]

/** A request as a message, which is later edited in place. */
export function requestMessage(request: ActionRequest, about: RequestAbout): SlackMessage {
	const { id, actionDigest, expiresAt, plan } = request
	const action = actionLines(request)
	const why = whyLines(request, about)
	const votes = voteLines(request)
	const steps = stepLines(request)
	const state = `${escapeText(requestTitle(request))}: ${statusText(request)}`
	const until = isOpen(request) ? `, expires ${shortTime(expiresAt)}` : ''
	const by = plan ? `, carried out by ${named(plan.executor)}` : ''
	return {
		text: clip(
			[`${state} (${escapeText(id)})`, action.join(', '), ...why, ...votes].join('. '),
			limits.messageText,
		),
		blocks: fitParts(
			[
				header(requestTitle(request)),
				section(`\`${escapeText(id)}\` *${statusText(request)}*`),
				section(lines(action)),
			],
			[part('Why', why), part('Votes', votes), part('Execution', steps)],
			[
				context(`\`${escapeText(actionDigest)}\`${by}${until}`),
				...(isOpen(request) ? [{ type: 'actions', elements: [reviewButton(id)] }] : []),
			],
			() => 'There is more than fits here. *Review* shows all of it.',
		),
	}
}
