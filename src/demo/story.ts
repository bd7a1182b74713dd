import { dayMs, formatTime } from '../core/time.ts'
import type { PageLink } from '../http/endpoint.ts'
import type { DemoClient } from './client.ts'
import { changedBranches } from './lender.ts'
import type { DemoPerson, DemoRollback } from './rollback.ts'

type Alert = {
	rule: string
	status: string
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
	changes: { text: string }[]
	nextStep: string
}
export type DemoAnswer = {
	metric: string
	subject: { group?: string }
	window: { from: string }
	value: number | null
	low: number | null
	high: number | null
	n: number
	reason: string | null
	provisional: boolean
	realised?: { inside: boolean }
}
/** The explanation of a prediction. */
export type DemoExplanation = {
	predictionId: string
	score: number
	decision: string
	replay: { status: string; reason: string | null }
	contributions: { feature: string; value: unknown; contribution: number }[]
	reasons: { code: string; text: string }[]
	counterfactuals: { changes: Record<string, unknown>; score: number }[]
	incidents: { title: string }[]
}

export type Story = {
	url: string
	key: string
	predictions: number
	outcomes: number
	seconds: number
	changedAt: number
	incidents: DemoIncident[]
	performance: DemoAnswer[]
	why: DemoExplanation
	people: DemoPerson[]
	rollback: DemoRollback
}

export async function readIncidents(client: DemoClient): Promise<DemoIncident[]> {
	return (await client.call<{ items: DemoIncident[] }>('GET', '/v1/incidents')).items
}

export const readWhy = (client: DemoClient, predictionId: string): Promise<DemoExplanation> =>
	client.call('GET', `/v1/models/credit-risk/predictions/${predictionId}/explanation`)

const shown = ['performance.roc_auc', 'estimated.roc_auc', 'fairness.four_fifths']

/** Performance and fairness of credit-risk in the last week with enough outcomes. */
export async function readPerformance(client: DemoClient): Promise<DemoAnswer[]> {
	const path = `/v1/models/credit-risk/metrics?window=7d&metric=${shown.join(',')}`
	const { items } = await client.call<{ items: DemoAnswer[] }>('GET', path)
	const last = items.findLast((a) => a.metric === 'performance.roc_auc' && !a.provisional && a.value !== null)
	return items.filter((a) => a.window.from === last?.window.from)
}

/** The story in a few lines. */
export function storyText(story: Story): string {
	const { incidents } = story
	const lines = [
		'',
		`A lender's two models, credit-risk and card-fraud, ${story.predictions.toLocaleString('en')} predictions and ${story.outcomes.toLocaleString('en')} outcomes,`,
		`posted over HTTP, computed and evaluated in ${story.seconds.toFixed(0)} s.`,
		'',
		`On ${formatTime(story.changedAt).slice(0, 10)} a source system began to send the monthly income of two branches (${changedBranches.join(', ')})`,
		'instead of the yearly one. Nobody told the model.',
		'',
		`Plumbline opened ${incidents.length === 1 ? 'one incident' : `${incidents.length} incidents`}:`,
		...incidents.flatMap(describe),
		...outcomes(story.performance),
		...declined(story.why),
		...rolledBack(story.rollback),
		'',
	]
	return lines.join('\n')
}

/** The pages of the demo. */
export const pagesOf = ({ incidents, why }: Story): PageLink[] => [
	...incidents.map(({ id, title }) => ({ text: title, path: `/incidents/${id}` })),
	{ text: 'Why an applicant was declined', path: `/models/credit-risk/predictions/${why.predictionId}` },
	{ text: 'All incidents', path: '/incidents' },
	{ text: 'The HTTP interface', path: '/docs' },
]

/** What to look at next, in a browser and with curl. */
export function tryIt(story: Story, link: string, pages: readonly PageLink[]): string {
	const { url, key, why, changedAt } = story
	const calls = [
		['What is wrong?', '/v1/incidents?status=open'],
		[
			'Has income drifted?',
			`/v1/models/credit-risk/metrics?metric=drift.psi&feature=income&window=1d&from=${formatTime(changedAt - dayMs)}&limit=3`,
		],
		['Is the model fair?', '/v1/models/credit-risk/bias'],
		[
			'Why was this applicant declined?',
			`/v1/models/credit-risk/predictions/${why.predictionId}/explanation`,
		],
	] as const
	const lines = [
		'',
		'Open this link first. It works once and lets that browser see the pages below:',
		'',
		`  ${link}`,
		'',
		...pages.map(
			({ text, path }) => `  ${url}${path}  ${text.length > 40 ? `${text.slice(0, 40)} …` : text}`,
		),
		'',
		'The same with curl, as indented JSON:',
		'',
		...calls.flatMap(([text, path]) => [
			`  # ${text}`,
			`  curl -s '${url}${path}' \\`,
			`    -H 'Authorization: Bearer ${key}' \\`,
			`    -H 'Accept: application/json; indent=2'`,
			'',
		]),
		...talk(story),
		'Live traffic continues. Press Ctrl-C to stop.',
		'',
	]
	return lines.join('\n')
}

/** Commands that let the reader speak as each of the people. */
const talk = ({ url, people, rollback }: Story): string[] => [
	'Talk to it without Slack, as one of three people (each command in a terminal of its own):',
	'',
	...people.flatMap((person) => [
		`  PLUMBLINE_URL=${url} PLUMBLINE_KEY=${person.key} \\`,
		`    npx plumbline chat --as ${person.owner}`,
		'',
	]),
	`Type: status, incidents, requests, or: review ${rollback.open}, which ana asked for: she cannot approve it, ben and carla can.`,
	'',
]

function rolledBack(rollback: DemoRollback): string[] {
	const { request, reason, from, to, actionDigest, refused, votes, status, steps, followedMs, ledger } =
		rollback
	return [
		'',
		`ana asked to roll credit-risk back from version ${from} to ${to}: ${reason}.`,
		`  ${request}, ${actionDigest}`,
		`  ${refused.person} tried to approve it: refused (${refused.code}). ${refused.detail}`,
		...votes.map((vote) => `  ${vote.person} approved it, ${vote.answer} (${vote.status})`),
		...steps.map((step) => `  ${step.step}: ${step.detail}`),
		`  ${status}; a process that follows the deployment served version ${to} ${Math.round(followedMs)} ms after the last vote`,
		`  in the ledger: ${ledger.join(', ')}`,
	]
}

const signed = (x: number) => (x < 0 ? '' : '+') + x.toFixed(2)

function declined(why: DemoExplanation): string[] {
	const [nearest] = why.counterfactuals
	const changes = Object.entries(nearest?.changes ?? {}).map(([feature, value]) => `${feature} ${value}`)
	return [
		'',
		`Why was ${why.predictionId} declined? Score ${digits(why.score)}; replay with the model file: ${why.replay.status}.`,
		...why.contributions.map(
			(c) => `  ${signed(c.contribution)} log-odds  ${c.feature} = ${JSON.stringify(c.value)}`,
		),
		...why.reasons.map((r, i) => `  reason ${i + 1}: ${r.text} (${r.code})`),
		...(nearest
			? [
					`  it would have been approved, with a score of ${digits(nearest.score)}, with: ${changes.join(', ')}`,
				]
			: []),
		...why.incidents.map((i) => `  an incident was open on the model: ${i.title}`),
	]
}

const digits = (x: number | null) => (x === null ? '?' : x.toFixed(3))

function outcomes(answers: readonly DemoAnswer[]): string[] {
	const of = (metric: string) => answers.find((a) => a.metric === metric)
	const [auc, expected, ratio] = shown.map(of)
	if (!auc) return []
	const interval = (a: DemoAnswer) =>
		`${digits(a.value)} (95% interval ${digits(a.low)} to ${digits(a.high)})`
	return [
		'',
		`Performance of credit-risk by outcomes, in the week from ${auc.window.from.slice(0, 10)}:`,
		`  ROC AUC ${interval(auc)} on ${auc.n.toLocaleString('en')} outcomes`,
		...(expected ? [`  estimated from scores, before outcomes were known: ${interval(expected)}`] : []),
		...(ratio ? [`  selection by ${ratio.subject.group}, lowest over highest: ${interval(ratio)}`] : []),
		...(ratio?.reason ? [`  four-fifths rule: ${ratio.reason.split(';')[0]}`] : []),
	]
}

function describe(incident: DemoIncident): string[] {
	const alerts = incident.alerts.filter((alert) => alert.status !== 'undone')
	const first = alerts.map((alert) => alert.window.from).sort()[0]
	return [
		'',
		`  ${incident.severity.toUpperCase()}  ${incident.title}`,
		`  ${incident.model}, ${alerts.length} alert${alerts.length === 1 ? '' : 's'}${first ? `, first seen in the window from ${first}` : ''}`,
		...incident.changes.map(({ text }) => `  - ${text}`),
		`  Next: ${incident.nextStep}`,
	]
}
