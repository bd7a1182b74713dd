import { wordEnd } from '../../core/cut-text.ts'
import { formatTime } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import { serviceModel } from '../../rules/rule-set.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { causeOf, isFollower, isInput } from './causes.ts'
import { amount, factorText, listed, percent, whereOf } from './change-text.ts'

const maxNamed = 3
/** The limit of a Slack header. Parts that do not fit are left out. */
const maxLetters = 150

/** What an alert is about, in words. */
export function subjectText(alert: Pick<AlertRow, 'subjectKey' | 'model'>): string {
	const { feature, segment, group } = parseKey(alert.subjectKey)
	const name = feature === '$score' ? 'the score' : feature === '$decision' ? 'the decision' : feature
	const where = segment ? ` where ${segment.name} is ${segment.value}` : ''
	return `${name ?? group ?? (alert.model === serviceModel ? 'Plumbline' : alert.model)}${where}`
}

/**
 * The title: what happened to the inputs, each by its most informative alert, then the consequences. `alerts` are those
 * that fire, or all of an incident that is over.
 */
export function titleOf(alerts: readonly AlertRow[], changes: readonly IncidentChange[]): string {
	const causes = alerts.filter((a) => !isFollower(a))
	const leads = causes.length > 0 ? causes : alerts
	const groups = byTitle(bestBySubject(leads))
	const since = Math.min(...alerts.map((a) => a.began))
	const when = ` since ${formatTime(since).slice(0, 16).replace('T', ' ')}`
	const parts = groups.map(({ title, names, features }, i) => {
		const what = `${namesText(names)} ${names.length > 1 ? pluralOf(title) : title}`
		const details = clauses(features, changes, names.length > 1)
		if (i === 0) return { what: `${what}${when}`, details: details && `: ${details}` }
		return { what: `; ${what}`, details: details && ` (${details})` }
	})
	if (causes.length > 0) parts.push({ what: followersText(alerts.filter(isFollower)), details: '' })
	// Everything that changed is named before details take the room that is left.
	let room = maxLetters - parts.reduce((sum, { what }) => sum + what.length, 0)
	const text = parts.map(({ what, details }) => {
		if (details.length > room) return what
		room -= details.length
		return what + details
	})
	return fitting(text)
}

/** As many parts as fit. A first part that is too long is cut between words. */
function fitting(parts: readonly string[]): string {
	const [first = '', ...rest] = parts
	const limit = 2 * maxLetters
	const start = first.length > limit ? `${first.slice(0, wordEnd(first, limit)).trimEnd()}…` : first
	return rest.reduce((text, part) => (text.length + part.length > maxLetters ? text : text + part), start)
}

/** The most informative alert of each subject: a feature that is missing has also drifted. */
function bestBySubject(alerts: readonly AlertRow[]): AlertRow[] {
	const order = ['type', 'missing', 'category']
	const rank = (alert: AlertRow) => {
		const at = order.indexOf(causeOf(alert))
		return at === -1 ? order.length : at
	}
	const best = new Map<string, AlertRow>()
	for (const alert of [...alerts].sort((a, b) => rank(a) - rank(b) || a.began - b.began))
		if (!best.has(subjectText(alert))) best.set(subjectText(alert), alert)
	return [...best.values()].sort(
		(a, b) => a.began - b.began || rank(a) - rank(b) || (subjectText(a) < subjectText(b) ? -1 : 1),
	)
}

function byTitle(alerts: readonly AlertRow[]) {
	const groups = new Map<string, { title: string; names: string[]; features: string[] }>()
	for (const alert of alerts) {
		const group = groups.get(alert.title) ?? { title: alert.title, names: [], features: [] }
		group.names.push(subjectText(alert))
		const { feature } = parseKey(alert.subjectKey)
		if (feature !== undefined) group.features.push(feature)
		groups.set(alert.title, group)
	}
	return [...groups.values()]
}

const namesText = (names: readonly string[]): string =>
	names.length > maxNamed
		? `${names.slice(0, maxNamed).join(', ')} and ${names.length - maxNamed} more`
		: listed(names, 'and')

const irregular: Record<string, string> = { has: 'have', is: 'are', was: 'were', does: 'do' }

/** The title of several subjects: a rule's title is in the singular, so its verb is made plural. */
const pluralOf = (title: string): string =>
	title.replace(
		/^((?:no longer )?)(\w+)/,
		(_, lead: string, verb: string) => lead + (irregular[verb] ?? verb.replace(/s$/, '')),
	)

function followersText(followers: readonly AlertRow[]): string {
	const features = followers.map((a) => parseKey(a.subjectKey).feature)
	const [score, decision] = [features.includes('$score'), features.includes('$decision')]
	if (score && decision) return '; the score and the decisions follow'
	return score ? '; the score follows' : decision ? '; the decisions follow' : ''
}

/** How each feature changed, in short; empty when it only shifted. */
function clauses(
	features: readonly string[],
	changes: readonly IncidentChange[],
	withNames: boolean,
): string {
	const found = [...new Set(features)].slice(0, maxNamed).flatMap((feature) => {
		const own = changes.filter((c) => c.feature === feature)
		const [first] = own
		const what = first && shortOf(first)
		if (!first || what === undefined) return []
		const where = whereOf(own.filter((c) => c.kind === first.kind && c.factor === first.factor))
		return [`${withNames ? `${feature} ` : ''}${what}${where === '' ? '' : ` where ${where}`}`]
	})
	return found.join(', ')
}

function shortOf({ kind, factor, before, after, text }: IncidentChange): string | undefined {
	const name = /"[^"]{1,60}"/.exec(text)?.[0]
	switch (kind) {
		case 'unit':
			return factor === undefined ? 'unit change' : `unit change ${factorText(factor)}`
		case 'missing':
			return before === null || after === null
				? undefined
				: `missing in ${percent(after)} of rows, ${percent(before)} before`
		case 'new-category':
			return after === null ? undefined : `${name ?? 'new ones'} in ${percent(after)} of rows`
		case 'type':
			return after === null ? undefined : `in ${percent(after)} of rows`
		case 'truncation':
			return 'clipped'
		case 'constant':
			return after === null ? undefined : `always ${amount(after)}`
		default:
			return undefined
	}
}

const source = (feature: string, task: string): string => `Ask who sends ${feature} ${task}`

/** By kind of change of a feature. */
const ofChange: Record<string, (feature: string) => string> = {
	unit: (f) =>
		source(f, 'whether its unit has changed. Have the change reverted, or retrain on the new unit.'),
	missing: (f) => source(f, 'why it is missing: the usual cause is a join or a source that fails.'),
	'new-category': (f) => source(f, 'what the new category means. Map it to a known one, or retrain with it.'),
	type: (f) =>
		`Compare what the client sends as ${f} with the declared type: the model does not see values of another type.`,
	truncation: (f) => source(f, 'where its values are cut off.'),
	constant: (f) =>
		source(f, 'why it no longer varies: the usual cause is a default value instead of a lookup.'),
	spike: (f) => source(f, 'whether this value means "unknown". If so, send null instead.'),
	shift: (f) =>
		source(
			f,
			'whether the population or the way the data is collected has changed. Then check the outcomes.',
		),
}

/** By cause of the alerts, if no feature explains them. */
const ofCause: Record<string, string> = {
	data: 'Ask who sends the feature what has changed at its source.',
	missing: 'Ask who sends the feature why it is missing.',
	category: 'Ask who sends the feature what the new categories mean.',
	type: 'Compare what the client sends with the declared types.',
	score:
		'No drifted feature explains it. Check which artefact serves, and what is sent besides the declared features.',
	attribution: 'Check whether another artefact serves than the registered one.',
	replay:
		'Register what serves, or roll back to what is registered. Until then these decisions cannot be explained.',
	performance:
		'Look at `/plumb performance`: which windows are affected, and whether their outcomes are complete. Then retrain or roll back.',
	estimated: 'The outcomes are not known yet. Get some of them early, and look at what else changed.',
	concept: 'Look at `/plumb performance`: whether errors rose in all segments. Then retrain.',
	fairness: 'Look at `/plumb bias`: which groups are affected, and since when. Then decide with compliance.',
	feed: 'Check the client and the network between it and Plumbline.',
	'no-data': 'Check whether the feature, the outcomes or the predictions are still sent.',
	job: 'Look at the log of the service, and whether it is ready.',
	service: 'Look at the service that serves the model.',
	rejected:
		'Look at `rejected` in the responses to the client: each entry names a row and what is wrong with it.',
	traffic: 'Deploy the version, or stop serving it.',
	baseline: 'Upload a baseline for the version.',
}

/** What to do next, by the most informative change. */
export function nextStep(alerts: readonly AlertRow[], changes: readonly IncidentChange[]): string {
	const [first] = changes
	const known = first?.feature && !first.feature.startsWith('$') ? ofChange[first.kind] : undefined
	if (known && first?.feature) return known(first.feature)
	const lead =
		alerts.find((a) => a.status === 'firing' && isInput(a)) ??
		alerts.find((a) => a.status === 'firing') ??
		alerts[0]
	if (!lead) return ''
	const { feature } = parseKey(lead.subjectKey)
	const cause = causeOf(lead)
	return (
		(feature ? ofCause[cause]?.replace('the feature', feature) : ofCause[cause]) ??
		'Look at what was deployed or changed at that time.'
	)
}

/** For incidents without a rule, by the first word of what they are about. */
const ofAbout: Record<string, string> = {
	execution: 'Look at the target. Then set the deployment to what serves, or request the change again.',
	'break-glass': 'Review why the approvals were bypassed. Then resolve the incident with what you found.',
	target:
		'Somebody or something changed the target outside Plumbline. Change it back, or request a deployment of what serves now.',
	ledger:
		'Find out who changed the database or restored a copy of it. Nothing is signed until this incident is resolved and the ledger matches.',
	'ledger-rows':
		'Restore what is damaged from a backup, or find out who changed it. Other rows and the ledger go on being signed.',
	'access-review': 'Revoke the keys and roles that nobody needs. Then resolve the incident.',
	'ledger-anchor':
		'Check the address in the settings, and whether the other side answers. It is tried again each day.',
	clock: 'Make what is due. The incident is updated, and resolved, by the job clocks.',
	policy: 'Give more people a role or a group that the policy names, or lower its `needs` in approvals.yaml.',
}

export const nextStepAbout = (about: string): string => ofAbout[about.split(':')[0] as string] ?? ''
