import type { Context } from '../../context.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { causeOf, isFollower, isInput } from './causes.ts'
import { amount, percent } from './change-text.ts'
import { featureChanges, nameOf } from './feature-changes.ts'
import type { IncidentWorkingSet, WorkingIncident } from './incident-working-set.ts'
import { answerChanges, scoreColumn } from './score-changes.ts'
import { type Comparison, readComparison } from './window-rows.ts'

/** Features of one incident that are looked at; the others are told by their alerts. */
const maxFeatures = 10
const maxChanges = 30
const maxPlaces = 3

/**
 * Says of each incident whose alerts changed what changed, from rows of the windows. It never stops an incident: what
 * cannot be read is told by the alerts alone, and the timeline says why.
 */
export async function describeIncidents(
	context: Context,
	incidents: IncidentWorkingSet,
	changed: readonly AlertRow[],
): Promise<void> {
	for (const { incident, alerts } of incidents.touchedBy(changed)) {
		const reader = comparisonReader(context)
		for (const alert of alerts.slice(0, maxFeatures)) await describeAlert(context, incident, alert, reader)
		await describeAnswers(context, incident, reader)
		const { row } = incident
		row.changes = row.changes.sort((a, b) => rankOf(a) - rankOf(b)).slice(0, maxChanges)
	}
}

type Reader = (alert: AlertRow) => Promise<Comparison>

/** Alerts of one window share its rows. */
function comparisonReader(context: Context): Reader {
	const known = new Map<string, Promise<Comparison>>()
	return (alert) => {
		const { version, began, firedFrom, firedTo } = alert
		const key = JSON.stringify([version, began, firedFrom, firedTo])
		const found = known.get(key) ?? readComparison(context, alert)
		known.set(key, found)
		return found
	}
}

const isOfRows = (alert: AlertRow): boolean =>
	alert.window !== 'clock' && (isInput(alert) || isFollower(alert))

async function describeAlert(
	context: Context,
	incident: WorkingIncident,
	alert: AlertRow,
	read: Reader,
): Promise<void> {
	const { row } = incident
	const since = formatTime(alert.began)
	const { feature = null } = parseKey(alert.subjectKey)
	// What the model answers is told once, below.
	if (causeOf(alert) === 'score') return
	const found = await fromRows(context, incident, alert, read)
	// A second alert of the same feature adds nothing to what its rows have told.
	if (found.length === 0 && row.changes.some((c) => c.feature === feature && c.since === since)) return
	const told = found.length > 0 ? found : [byMetric(alert)]
	const isReplaced = (c: IncidentChange) =>
		c.feature === feature && (feature !== null || c.kind === told[0]?.kind)
	row.changes = [
		...row.changes.filter((c) => !isReplaced(c)),
		...told.map((change) => ({ since, ...change })),
	]
}

/** Empty where there are no rows to look at, or they show nothing. */
async function fromRows(
	context: Context,
	incident: WorkingIncident,
	alert: AlertRow,
	read: Reader,
): Promise<(Omit<IncidentChange, 'since'> & { since?: string })[]> {
	if (causeOf(alert) === 'replay') return replayChanges(context, alert)
	const { feature } = parseKey(alert.subjectKey)
	if (!isInput(alert) || feature === undefined) return []
	return attempt(context, incident, [], async () => {
		const comparison = await read(alert)
		const spec = comparison.reference.columns.find((c) => c.bins.name === feature)?.bins.spec
		return spec ? featureChanges(comparison, spec) : []
	})
}

async function describeAnswers(context: Context, incident: WorkingIncident, read: Reader): Promise<void> {
	const { row, alerts } = incident
	const standing = [...alerts].filter((a) => a.status !== 'undone' && isOfRows(a))
	const firing = standing.filter((a) => a.status === 'firing')
	const shown = firing.length > 0 ? firing : standing
	const latest = shown.sort((a, b) => b.firedTo - a.firedTo || (a.id < b.id ? -1 : 1))[0]
	if (!latest) return
	// What came before is before the first of them, not before the one that was noticed last.
	const began = Math.min(...shown.map((a) => a.began))
	const told = await attempt(context, incident, [], async () => {
		const comparison = await read({ ...latest, began })
		const changes = shown.some(isInput) ? row.changes : featureChanges(comparison, scoreColumn)
		const places = changes.filter((c) => c.segment !== undefined || c.group !== undefined)
		return answerChanges(comparison, places.slice(0, maxPlaces))
	})
	if (told.length === 0) return
	const since = formatTime(began)
	row.changes = [
		...row.changes.filter((c) => !c.feature?.startsWith('$')),
		...told.map((change) => ({ ...change, since })),
	]
}

/** What cannot be read is said once, and stops nothing. */
async function attempt<T>(
	context: Context,
	{ row, said }: WorkingIncident,
	otherwise: T,
	work: () => Promise<T>,
): Promise<T> {
	try {
		return await work()
	} catch (error) {
		const message = `what changed could not be read from the rows: ${(error as Error).message}`
		if (!said.includes(message)) said.push(message)
		context.logger.warn('what changed could not be read', { incident: row.id, error: String(error) })
		return otherwise
	}
}

const order = [
	'replay',
	'type',
	'unit',
	'missing',
	'new-category',
	'truncation',
	'constant',
	'spike',
	'shift',
]
function rankOf({ kind }: IncidentChange): number {
	const rank = order.indexOf(kind)
	return kind === 'score' || kind === 'decision' ? order.length + 1 : rank === -1 ? order.length : rank
}

const kindOf: Record<string, string> = { data: 'shift', category: 'new-category' }

/** What an alert says by itself. */
function byMetric(alert: AlertRow): Omit<IncidentChange, 'since'> {
	const { value, restated, before, subjectKey } = alert
	const { feature, segment, group } = parseKey(subjectKey)
	const cause = causeOf(alert)
	return {
		feature: feature ?? null,
		...(segment ? { segment } : {}),
		...(group === undefined ? {} : { group }),
		kind: kindOf[cause] ?? cause,
		before,
		after: restated ?? value,
		text: metricText(alert, cause),
	}
}

function metricText(alert: AlertRow, cause: string): string {
	const { metric, value, restated, before, version, subjectKey } = alert
	const { feature, segment, group } = parseKey(subjectKey)
	const now = restated ?? value
	if (now !== null && cause === 'feed') return `no prediction has come for ${amount(now / hourMs)} h`
	if (now !== null && cause === 'rejected') return `${amount(now)} rows were rejected in two hours`
	if (now !== null && cause === 'traffic')
		return `${amount(now)} predictions of version ${version}, which is not deployed`
	const subject = [feature && nameOf(feature), group].filter((part) => part !== undefined).join(', ')
	const about = `${subject}${segment ? ` where ${segment.name} is ${segment.value}` : ''}`.trim()
	if (now !== null && metric === 'fairness.four_fifths')
		return `${about}: the group that gets the favourable decision least gets it at ${amount(now)} times the rate of the one that gets it most`
	const was = before === null ? '' : `, ${amount(before)} before`
	return `${about === '' ? '' : `${about}: `}${metric} ${now === null ? 'is not known' : amount(now)}${was}`
}

type Row = [
	version: string,
	day: number,
	sampled: number,
	mismatched: number,
	asked: number,
	worst: number | null,
]

/** How many logged scores are not what the registered artefact gives, by version, since the first day that stands. */
export async function replayChanges(
	context: Context,
	{ model, environment }: AlertRow,
): Promise<(Omit<IncidentChange, 'since'> & { since?: string })[]> {
	const rows = (await context.sql.values({
		sql: `SELECT version, min(day_ms), sum(sampled), sum(mismatched), sum(json_array_length(asked)), max(worst) FROM replay_day
			WHERE model = ? AND environment = ? AND standing = 1 AND (mismatched > 0 OR asked <> '[]') GROUP BY version ORDER BY version`,
		params: [model, environment],
	})) as unknown as Row[]
	return rows.map(([version, day, sampled, mismatched, asked, worst]) => {
		const share = (mismatched + asked) / Math.max(1, sampled + asked)
		const by = worst === null ? '' : `, by up to ${amount(worst)}`
		return {
			feature: null,
			kind: 'replay',
			before: null,
			after: share,
			since: formatTime(day),
			text: `version ${version} serves another model than the one that is registered: ${percent(share)} of replayed predictions have another score than its artefact gives${by}`,
		}
	})
}
