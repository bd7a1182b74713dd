import { formatTime, windowMs } from '../../core/time.ts'
import type { IncidentChange, incidentEvents, incidents } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { nextStep } from './incident-text.ts'

export type IncidentRow = typeof incidents.$inferSelect
export type EventRow = typeof incidentEvents.$inferSelect

export type IncidentAlert = {
	rule: string
	severity: string
	status: string
	subject: { version: string; feature?: string; segment?: { name: string; value: string }; group?: string }
	metric: string
	/** The value that it was opened on, and what that is known to be by now where it changed. */
	value: number | null
	restated: number | null
	/** The value in the window before it began. */
	before: number | null
	window: { from: string; to: string }
	rulesDigest: string
}

/** An incident as every interface answers it. */
export type Incident = {
	id: string
	model: string
	environment: string
	status: IncidentRow['status']
	severity: IncidentRow['severity']
	title: string
	/** Start of the first window that it is about. */
	beganAt: string
	openedAt: string
	resolvedAt: string | null
	cause: string | null
	alerts: IncidentAlert[]
	/** What changed, where and by how much, the most telling first. */
	changes: IncidentChange[]
	/** What to do next; empty when it is over. */
	nextStep: string
	/** Incidents of the same model and environment at about the same time. */
	related: string[]
	timeline: { at: string; who: string; what: string }[]
}

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

export const toIncident = (
	row: IncidentRow,
	alerts: readonly AlertRow[],
	events: readonly EventRow[],
	related: readonly string[],
): Incident => ({
	id: row.id,
	model: row.model,
	environment: row.environment,
	status: row.status,
	severity: row.severity,
	title: row.title,
	beganAt: formatTime(row.began),
	openedAt: formatTime(row.openedAt),
	resolvedAt: timeOrNull(row.resolvedAt),
	cause: row.cause,
	alerts: alerts.map(toAlert),
	changes: row.changes,
	nextStep: row.status === 'resolved' ? '' : nextStep(alerts, row.changes),
	related: [...related],
	timeline: events.map(({ at, who, what }) => ({ at: formatTime(at), who, what })),
})

const toAlert = (row: AlertRow): IncidentAlert => ({
	rule: row.rule,
	severity: row.severity,
	status: row.status,
	subject: { version: row.version, ...parseKey(row.subjectKey) },
	metric: row.metric,
	value: row.value,
	restated: row.restated,
	before: row.before,
	window: {
		from: formatTime(row.firedFrom),
		to: formatTime(row.window === 'clock' ? row.firedTo : row.firedFrom + windowMs[row.window]),
	},
	rulesDigest: row.rulesDigest,
})
