import { formatTime, windowMs } from '../../core/time.ts'
import type { incidentEvents, incidents } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import type { Incident, IncidentAlert } from './incident.schema.ts'
import { nextStep, nextStepAbout } from './incident-text.ts'

export type IncidentRow = typeof incidents.$inferSelect
export type EventRow = typeof incidentEvents.$inferSelect

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
	nextStep: row.status === 'resolved' ? '' : nextStepOf(row, alerts),
	related: [...related],
	timeline: events.map(({ at, who, what }) => ({ at: formatTime(at), who, what })),
})

const nextStepOf = ({ about, changes }: IncidentRow, alerts: readonly AlertRow[]): string =>
	about === null ? nextStep(alerts, changes) : nextStepAbout(about)

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
