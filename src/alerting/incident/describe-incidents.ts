import type { Context } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { causeOf, isFollower, isInput } from './causes.ts'
import { amount, percent } from './change-text.ts'
import { featureChanges, nameOf } from './feature-changes.ts'
import type { IncidentWorkingSet, WorkingIncident } from './incident-working-set.ts'
import { scoreChanges, scoreColumn } from './score-changes.ts'
import { type Comparison, readComparison } from './window-rows.ts'

/** Alerts of one incident whose rows are compared; the others are described by their metric alone. */
const maxAlerts = 10
const maxChanges = 30
const maxPlaces = 3

/** A change; without `since`, it is as old as its alert. */
type Described = Omit<IncidentChange, 'since'> & { since?: string }
type Reader = (alert: AlertRow) => Promise<Comparison>

/**
 * Describes what changed, for each incident whose alerts changed, from the rows of the windows. It never stops an
 * incident: if rows cannot be read, the metric describes the alert, and the timeline says why.
 */
export async function describeIncidents(
	context: Context,
	incidents: IncidentWorkingSet,
	changed: readonly AlertRow[],
): Promise<void> {
	for (const { incident, alerts } of incidents.touchedBy(changed)) {
		const read = comparisonReader(context)
		for (const alert of alerts.slice(0, maxAlerts)) await describeAlert(context, incident, alert, read)
		await describeScores(context, incident, read)
		const { row } = incident
		row.changes = row.changes.sort((a, b) => rankOf(a) - rankOf(b)).slice(0, maxChanges)
	}
}

/** Reads the rows of a window once for all its alerts. */
function comparisonReader(context: Context): Reader {
	const known = new Map<string, Promise<Comparison>>()
	return (alert) => {
		const { version, began, firedFrom, firedTo } = alert
		const key = JSON.stringify([version, began, firedFrom, firedTo])
		return getOrInsert(known, key, () => readComparison(context, alert))
	}
}

async function describeAlert(
	context: Context,
	incident: WorkingIncident,
	alert: AlertRow,
	read: Reader,
): Promise<void> {
	const { row } = incident
	const since = formatTime(alert.began)
	const { feature = null } = parseKey(alert.subjectKey)
	// Scores and decisions are described once for the incident, by `describeScores`.
	if (causeOf(alert) === 'score') return
	const fromRows = await changesInRows(context, incident, alert, read)
	// A second alert of the same feature adds nothing to what its rows have shown.
	if (fromRows.length === 0 && row.changes.some((c) => c.feature === feature && c.since === since)) return
	const changes = fromRows.length > 0 ? fromRows : [changeOfMetric(alert)]
	const isReplaced = (c: IncidentChange) =>
		c.feature === feature && (feature !== null || c.kind === changes[0]?.kind)
	row.changes = [
		...row.changes.filter((c) => !isReplaced(c)),
		...changes.map((change) => ({ since, ...change })),
	]
}

/** Empty if there are no rows to compare, or they show no change. */
async function changesInRows(
	context: Context,
	incident: WorkingIncident,
	alert: AlertRow,
	read: Reader,
): Promise<Described[]> {
	if (causeOf(alert) === 'replay') return replayChanges(context, alert)
	const { feature } = parseKey(alert.subjectKey)
	if (!isInput(alert) || feature === undefined) return []
	return attempt(context, incident, [], async () => {
		const comparison = await read(alert)
		const spec = comparison.reference.columns.find((c) => c.bins.name === feature)?.bins.spec
		return spec ? featureChanges(comparison, spec) : []
	})
}

/** For each version the share of replayed predictions with another score, since the first day that still mismatches. */
async function replayChanges(context: Context, { model, environment }: AlertRow): Promise<Described[]> {
	type Row = {
		version: string
		day: number
		sampled: number
		mismatched: number
		asked: number
		worst: number | null
	}
	const rows = await context.sql.all<Row>({
		sql: `SELECT version, min(day_ms) AS day, sum(sampled) AS sampled, sum(mismatched) AS mismatched,
				sum(json_array_length(asked)) AS asked, max(worst) AS worst
			FROM replay_day WHERE model = ? AND environment = ? AND standing = 1 AND (mismatched > 0 OR asked <> '[]')
			GROUP BY version ORDER BY version`,
		params: [model, environment],
	})
	return rows.map(({ version, day, sampled, mismatched, asked, worst }) => {
		const share = (mismatched + asked) / Math.max(1, sampled + asked)
		const by = worst === null ? '' : `, by up to ${amount(worst)}`
		return {
			feature: null,
			kind: 'replay',
			before: null,
			after: share,
			since: formatTime(day),
			text: `version ${version} serves another model than the registered one: ${percent(share)} of replayed predictions have another score than its artefact gives${by}`,
		}
	})
}

/** Replaces what the incident says of scores and decisions by what its latest window shows. */
async function describeScores(context: Context, incident: WorkingIncident, read: Reader): Promise<void> {
	const { row, alerts } = incident
	const ofWindows = [...alerts].filter(
		(a) => a.status !== 'undone' && a.window !== 'clock' && (isInput(a) || isFollower(a)),
	)
	const firing = ofWindows.filter((a) => a.status === 'firing')
	const shown = firing.length > 0 ? firing : ofWindows
	const latest = shown.sort((a, b) => b.firedTo - a.firedTo || (a.id < b.id ? -1 : 1))[0]
	if (!latest) return
	// Compared with the time before the first of these alerts, not before the latest.
	const began = Math.min(...shown.map((a) => a.began))
	const changes = await attempt(context, incident, [], async () => {
		const comparison = await read({ ...latest, began })
		const causes = shown.some(isInput) ? row.changes : featureChanges(comparison, scoreColumn)
		const places = causes.filter((c) => c.segment !== undefined || c.group !== undefined)
		return scoreChanges(comparison, places.slice(0, maxPlaces))
	})
	if (changes.length === 0) return
	const since = formatTime(began)
	row.changes = [
		...row.changes.filter((c) => !c.feature?.startsWith('$')),
		...changes.map((change) => ({ ...change, since })),
	]
}

/** If rows cannot be read, notes it once and answers `otherwise`. */
async function attempt<T>(
	context: Context,
	{ row, notes }: WorkingIncident,
	otherwise: T,
	work: () => Promise<T>,
): Promise<T> {
	try {
		return await work()
	} catch (error) {
		const message = `what changed could not be read from the rows: ${(error as Error).message}`
		if (!notes.includes(message)) notes.push(message)
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

/** What the alert's metric alone shows. */
function changeOfMetric(alert: AlertRow): Described {
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
	if (now !== null && cause === 'feed') return `no prediction has arrived for ${amount(now / hourMs)} h`
	if (now !== null && cause === 'rejected') return `${amount(now)} rows were rejected in two hours`
	if (now !== null && cause === 'traffic')
		return `${amount(now)} predictions of version ${version}, which is not deployed`
	const subject = [feature && nameOf(feature), group].filter((part) => part !== undefined).join(', ')
	const about = `${subject}${segment ? ` where ${segment.name} is ${segment.value}` : ''}`.trim()
	if (now !== null && metric === 'fairness.four_fifths')
		return `${about}: the group that gets the favourable decision least often gets it at ${amount(now)} times the rate of the group that gets it most often`
	const was = before === null ? '' : `, ${amount(before)} before`
	return `${about === '' ? '' : `${about}: `}${metric} ${now === null ? 'is not known' : amount(now)}${was}`
}
