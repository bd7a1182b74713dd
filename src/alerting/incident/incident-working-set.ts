import { and, eq, gte, ne, or } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { digits } from '../../core/digits.ts'
import { newId } from '../../core/ids.ts'
import { formatTime } from '../../core/time.ts'
import type { ChangeSet } from '../../db/commit.ts'
import { incidents } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import { worst } from '../../rules/rule-set.ts'
import { type AlertRow, readAlertsOf } from '../alert/alert-working-set.ts'
import type { ModelEnvironment } from '../alert/series-record.ts'
import { reopenMs, tieTo } from './causes.ts'
import { announce, eventInsert } from './change-incident.ts'
import type { IncidentRow } from './incident.ts'
import { subjectText, titleOf } from './incident-text.ts'

const who = 'rules'

/** An incident while an evaluation works on it. */
export type WorkingIncident = {
	row: IncidentRow
	/** As it is stored; undefined when it is new. */
	stored: IncidentRow | undefined
	alerts: Set<AlertRow>
	/** New entries of its timeline. */
	notes: string[]
}

/** The incidents of one model in one environment, while alerts are assigned to them. */
export class IncidentWorkingSet {
	private readonly list: WorkingIncident[]
	private readonly context: Context

	private constructor(context: Context, list: WorkingIncident[]) {
		this.context = context
		this.list = list
	}

	/** Reads the incidents that an alert from `from` on can belong to. */
	static async open(
		context: Context,
		{ model, environment }: ModelEnvironment,
		from: number,
		alerts: Iterable<AlertRow>,
	): Promise<IncidentWorkingSet> {
		const rows = await context.db
			.select()
			.from(incidents)
			.where(
				and(
					eq(incidents.model, model),
					eq(incidents.environment, environment),
					or(ne(incidents.status, 'resolved'), gte(incidents.ended, from - reopenMs)),
				),
			)
		const working = [...alerts]
		const ids = new Set(working.map((a) => a.id))
		// Alerts that ended before the windows of this evaluation still say what an incident was about.
		const earlier = await readAlertsOf(
			context,
			rows.map((r) => r.id),
		)
		const known = [...working, ...earlier.filter((a) => !ids.has(a.id))]
		const list = rows.map((row) => ({
			row: { ...row },
			stored: row,
			alerts: new Set(known.filter((a) => a.incident === row.id)),
			notes: [],
		}))
		return new IncidentWorkingSet(context, list)
	}

	find(id: string | null): WorkingIncident | undefined {
		return this.list.find((i) => i.row.id === id)
	}

	/** Adds an alert to the incident that it is a sign of, or to a new one. `summary` is one more entry of the timeline. */
	assign(alert: AlertRow, summary?: string): WorkingIncident {
		const incident = this.find(alert.incident) ?? this.ofSameCause(alert) ?? this.create(alert)
		if (!incident.alerts.has(alert)) {
			incident.alerts.add(alert)
			alert.incident = incident.row.id
			incident.notes.push(
				`${subjectText(alert)} ${alert.title}${valueText(alert)} (rule ${alert.rule}, window from ${formatTime(alert.firedFrom)})`,
			)
			if (summary !== undefined) incident.notes.push(summary)
		}
		return incident
	}

	/** The incident with the closest tie; of equals one that is not resolved, then the latest. */
	private ofSameCause(alert: AlertRow): WorkingIncident | undefined {
		const until = alert.endedTo ?? Number.POSITIVE_INFINITY
		const tied = this.list.flatMap((incident) => {
			if (incident.row.began > until || endOf(incident) + reopenMs < alert.began) return []
			const tie = tieTo(alert, [...incident.alerts])
			return tie === undefined ? [] : [{ incident, tie }]
		})
		const isOver = ({ row }: WorkingIncident) => Number(row.status === 'resolved')
		tied.sort(
			(a, b) =>
				a.tie - b.tie ||
				isOver(a.incident) - isOver(b.incident) ||
				b.incident.row.began - a.incident.row.began,
		)
		return tied[0]?.incident
	}

	/**
	 * The incidents of changed alerts, with those alerts that they have to describe: firing ones, and ones that ended before
	 * they were described.
	 */
	touchedBy(changed: readonly AlertRow[]): { incident: WorkingIncident; alerts: AlertRow[] }[] {
		return this.list.flatMap((incident) => {
			const isDescribed = ({ began }: AlertRow) =>
				incident.row.changes.some(({ since }) => since === formatTime(began))
			const alerts = changed.filter(
				(a) =>
					a.incident === incident.row.id &&
					(a.status === 'firing' || (a.status === 'resolved' && !isDescribed(a))),
			)
			return alerts.length > 0 ? [{ incident, alerts }] : []
		})
	}

	private create(alert: AlertRow): WorkingIncident {
		const now = this.context.now()
		const row: IncidentRow = {
			id: newId('inc', now, this.context.random),
			model: alert.model,
			environment: alert.environment,
			status: 'open',
			severity: alert.severity,
			title: '',
			cause: null,
			began: alert.began,
			ended: null,
			openedAt: now,
			acknowledgedAt: null,
			acknowledgedBy: null,
			resolvedAt: null,
			resolvedBy: null,
			channels: [],
			announcedAt: null,
			announceDue: null,
			revision: 0,
			changes: [],
			about: null,
		}
		const incident: WorkingIncident = { row, stored: undefined, alerts: new Set(), notes: ['opened'] }
		this.list.push(incident)
		return incident
	}

	/** Updates each incident from its alerts, and adds those that changed to the change set. */
	flush(changeSet: ChangeSet): void {
		for (const incident of this.list) {
			this.update(incident)
			const { row, stored, notes } = incident
			if (stored && notes.length === 0 && JSON.stringify(row) === JSON.stringify(stored)) continue
			this.write(changeSet, incident)
		}
	}

	private update({ row, stored, alerts, notes }: WorkingIncident): void {
		const valid = [...alerts].filter((a) => a.status !== 'undone')
		if (valid.length > 0) {
			row.began = Math.min(...valid.map((a) => a.began))
			row.severity = valid.map((a) => a.severity).reduce(worst)
			// Subjects whose alerts are resolved leave the title, unless all are.
			const firing = new Set(valid.filter((a) => a.status === 'firing').map((a) => a.subjectKey))
			const now = valid.filter((a) => firing.size === 0 || firing.has(a.subjectKey))
			const features = new Set(valid.map((a) => parseKey(a.subjectKey).feature))
			row.changes = row.changes.filter(
				({ feature }) => feature === null || feature.startsWith('$') || features.has(feature),
			)
			row.title = titleOf(now, row.changes)
		}
		const firing = valid.some((a) => a.status === 'firing')
		const anew = valid.some(
			(a) => a.status === 'firing' && a.firedFrom >= (stored?.ended ?? Number.POSITIVE_INFINITY),
		)
		if (row.status === 'resolved' && firing && anew) {
			Object.assign(row, { status: 'open', ended: null, resolvedAt: null, resolvedBy: null })
			notes.push('opened again')
		} else if (row.status !== 'resolved' && !firing && alerts.size > 0) {
			const ended = Math.max(row.began, ...valid.map((a) => a.endedTo ?? 0))
			Object.assign(row, { status: 'resolved', ended, resolvedAt: this.context.now(), resolvedBy: who })
			notes.push(
				valid.length > 0
					? 'resolved: every alert is clear again'
					: 'resolved: late rows show that nothing fired',
			)
		}
	}

	private write(changeSet: ChangeSet, { row, stored, notes }: WorkingIncident): void {
		const { context } = this
		const now = context.now()
		row.revision++
		const mine = and(eq(incidents.id, row.id), eq(incidents.revision, stored?.revision ?? 0))
		changeSet.changes.push(
			stored
				? { query: context.db.update(incidents).set(row).where(mine), guarded: true }
				: { query: context.db.insert(incidents).values(row) },
		)
		for (const [seq, what] of notes.entries())
			changeSet.changes.push(eventInsert(context, row.id, row.revision, seq, now, who, what))
		changeSet.changes.push(...announce(now, row, row.revision))
		const action = !stored
			? 'open-incident'
			: row.status === 'resolved' && stored.status !== 'resolved'
				? 'resolve-incident'
				: 'update-incident'
		changeSet.entries.push({
			action,
			object: `incident:${row.id}`,
			model: row.model,
			details: { status: row.status, severity: row.severity, revision: row.revision },
		})
	}
}

/** When an incident ended, in event time, by its alerts: its row may not have it yet. */
function endOf({ row, alerts }: WorkingIncident): number {
	if (row.status === 'resolved') return row.ended ?? row.began
	if ([...alerts].some((a) => a.status === 'firing')) return Number.POSITIVE_INFINITY
	return Math.max(row.began, ...[...alerts].map((a) => a.endedTo ?? 0))
}

function valueText({ metric, value, before }: AlertRow): string {
	if (value === null) return ''
	return before === null
		? `: ${metric} ${digits(value)}`
		: `: ${metric} from ${digits(before)} to ${digits(value)}`
}
