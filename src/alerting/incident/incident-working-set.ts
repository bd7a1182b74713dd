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
import { reopenMs, tieTo } from './causes.ts'
import { announce, eventInsert } from './change-incident.ts'
import type { IncidentRow } from './incident.ts'
import { subjectText, titleOf } from './incident-text.ts'

const who = 'rules'

export type WorkingIncident = {
	row: IncidentRow
	stored: IncidentRow | undefined
	alerts: Set<AlertRow>
	said: string[]
}

/** The incidents of one model in one environment, while alerts are put into them. */
export class IncidentWorkingSet {
	private readonly list: WorkingIncident[]
	private readonly context: Context

	private constructor(context: Context, list: WorkingIncident[]) {
		this.context = context
		this.list = list
	}

	/** Those that an alert from `from` on can belong to. */
	static async open(
		context: Context,
		place: { model: string; environment: string },
		from: number,
		alerts: Iterable<AlertRow>,
	): Promise<IncidentWorkingSet> {
		const rows = await context.db
			.select()
			.from(incidents)
			.where(
				and(
					eq(incidents.model, place.model),
					eq(incidents.environment, place.environment),
					or(ne(incidents.status, 'resolved'), gte(incidents.ended, from - reopenMs)),
				),
			)
		const working = [...alerts]
		const ids = new Set(working.map((a) => a.id))
		// What was over before the windows that are evaluated now still says what an incident was about.
		const earlier = await readAlertsOf(
			context,
			rows.map((r) => r.id),
		)
		const known = [...working, ...earlier.filter((a) => !ids.has(a.id))]
		const list = rows.map((row) => ({
			row: { ...row },
			stored: row,
			alerts: new Set(known.filter((a) => a.incident === row.id)),
			said: [],
		}))
		return new IncidentWorkingSet(context, list)
	}

	find(id: string | null): WorkingIncident | undefined {
		return this.list.find((i) => i.row.id === id)
	}

	/** One cause, one incident: an alert joins the one whose cause it is a sign of, or opens another. */
	place(alert: AlertRow, more?: string): WorkingIncident {
		const known = this.find(alert.incident)
		const incident = known ?? this.ofSameCause(alert) ?? this.create(alert)
		if (!incident.alerts.has(alert)) {
			incident.alerts.add(alert)
			alert.incident = incident.row.id
			incident.said.push(
				`${subjectText(alert)} ${alert.title}${valueText(alert)} (rule ${alert.rule}, window from ${formatTime(alert.firedFrom)})`,
			)
			if (more !== undefined) incident.said.push(more)
		}
		return incident
	}

	/** The most closely tied one; of equals one that is not resolved, then the latest. */
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

	/** Those that one of these alerts, which changed, is in: alerts that fire, and those that were over before they were told. */
	touchedBy(changed: readonly AlertRow[]): { incident: WorkingIncident; alerts: AlertRow[] }[] {
		return this.list.flatMap((incident) => {
			const isTold = ({ began }: AlertRow) =>
				incident.row.changes.some(({ since }) => since === formatTime(began))
			const alerts = changed.filter(
				(a) =>
					a.incident === incident.row.id &&
					(a.status === 'firing' || (a.status === 'resolved' && !isTold(a))),
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
		}
		const incident: WorkingIncident = { row, stored: undefined, alerts: new Set(), said: ['opened'] }
		this.list.push(incident)
		return incident
	}

	/** Brings each incident to what its alerts say now, and adds what changed to the plan of one commit. */
	settle(changeSet: ChangeSet): void {
		for (const incident of this.list) {
			this.settleOne(incident)
			const { row, stored, said } = incident
			if (stored && said.length === 0 && JSON.stringify(row) === JSON.stringify(stored)) continue
			this.write(changeSet, incident)
		}
	}

	private settleOne({ row, stored, alerts, said }: WorkingIncident): void {
		const standing = [...alerts].filter((a) => a.status !== 'undone')
		if (standing.length > 0) {
			row.began = Math.min(...standing.map((a) => a.began))
			row.severity = standing.map((a) => a.severity).reduce(worst)
			// What is over leaves the title; what still fires is told by the alert that says most of it.
			const firing = new Set(standing.filter((a) => a.status === 'firing').map((a) => a.subjectKey))
			const now = standing.filter((a) => firing.size === 0 || firing.has(a.subjectKey))
			const features = new Set(standing.map((a) => parseKey(a.subjectKey).feature))
			row.changes = row.changes.filter(
				({ feature }) => feature === null || feature.startsWith('$') || features.has(feature),
			)
			row.title = titleOf(now, row.changes)
		}
		const firing = standing.some((a) => a.status === 'firing')
		const anew = standing.some(
			(a) => a.status === 'firing' && a.firedFrom >= (stored?.ended ?? Number.POSITIVE_INFINITY),
		)
		if (row.status === 'resolved' && firing && anew) {
			Object.assign(row, { status: 'open', ended: null, resolvedAt: null, resolvedBy: null })
			said.push('opened again')
		} else if (row.status !== 'resolved' && !firing && alerts.size > 0) {
			const ended = Math.max(row.began, ...standing.map((a) => a.endedTo ?? 0))
			Object.assign(row, { status: 'resolved', ended, resolvedAt: this.context.now(), resolvedBy: who })
			said.push(
				standing.length > 0
					? 'resolved: every alert is clear again'
					: 'resolved: late rows show that nothing fired',
			)
		}
	}

	private write(changeSet: ChangeSet, { row, stored, said }: WorkingIncident): void {
		const { context } = this
		const now = context.now()
		row.revision++
		const mine = and(eq(incidents.id, row.id), eq(incidents.revision, stored?.revision ?? 0))
		changeSet.changes.push(
			stored
				? { query: context.db.update(incidents).set(row).where(mine), guarded: true }
				: { query: context.db.insert(incidents).values(row) },
		)
		for (const [seq, what] of said.entries())
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

/** When an incident was over, in event time: what its alerts say, also before that is written down. */
function endOf({ row, alerts }: WorkingIncident): number {
	if (row.status === 'resolved') return row.ended ?? row.began
	if ([...alerts].some((a) => a.status === 'firing')) return Number.POSITIVE_INFINITY
	return Math.max(row.began, ...[...alerts].map((a) => a.endedTo ?? 0))
}

/** From what to what. */
function valueText({ metric, value, before }: AlertRow): string {
	if (value === null) return ''
	return before === null
		? `: ${metric} ${digits(value)}`
		: `: ${metric} from ${digits(before)} to ${digits(value)}`
}
