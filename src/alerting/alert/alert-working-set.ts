import { and, eq, gte, inArray, ne, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { newId } from '../../core/ids.ts'
import { inList } from '../../db/database.ts'
import { alerts, incidents } from '../../db/schema.ts'
import type { AlertEvent } from '../../rules/evaluate.ts'
import type { Lookup } from '../../rules/facts.ts'
import { noDataRule, type Rule } from '../../rules/rule-set.ts'
import { type SeriesKey, seriesText } from './series-record.ts'

export type AlertRow = typeof alerts.$inferSelect

/** An alert while a run works on it. */
export type WorkingAlert = {
	row: AlertRow
	/** As it is stored; undefined when it is new. */
	stored: AlertRow | undefined
	/** The rule, and the facts of each window in which the alert fires, where actions have yet to look at them. */
	rule: Rule | undefined
	held: { to: number; facts: Lookup }[]
}

export type Opening = AlertEvent & { before: number | undefined; digest: string }

/**
 * The alerts of one model in one environment. Judging a window again (it was restated by late rows) first takes back
 * what was said from that window on; an alert that fires again is the same alert, and one that does not is undone.
 */
export class AlertWorkingSet {
	readonly alerts = new Map<string, WorkingAlert>()
	private readonly pools = new Map<string, WorkingAlert[]>()
	private readonly context: Context
	private readonly service: readonly AlertRow[]

	/** `service` are the alerts about the service itself: they inhibit, and are not changed here. */
	constructor(context: Context, rows: readonly AlertRow[], service: readonly AlertRow[]) {
		this.context = context
		this.service = service
		for (const row of rows) this.add(row)
	}

	add(row: AlertRow): WorkingAlert {
		const known = this.alerts.get(row.id)
		if (known) return known
		const alert: WorkingAlert = { row: { ...row }, stored: row, rule: undefined, held: [] }
		this.alerts.set(row.id, alert)
		return alert
	}

	/** Takes back what a series said from the window on, except of rules that are no more. */
	rewind(key: SeriesKey, from: number, rules: ReadonlySet<string>): void {
		for (const alert of this.alerts.values()) {
			const { row } = alert
			if (seriesText(row) !== seriesText(key) || !(rules.has(row.rule) || row.rule === noDataRule)) continue
			if (row.firedFrom >= from) {
				const pool = poolKey(key, row.rule, row.subjectKey)
				this.pools.set(pool, [...(this.pools.get(pool) ?? []), alert])
				Object.assign(row, { status: 'undone' })
			} else if (row.endedFrom !== null && row.endedFrom >= from)
				Object.assign(row, { status: 'firing', endedFrom: null, endedTo: null })
		}
		for (const pool of this.pools.values()) pool.sort((a, b) => a.row.firedFrom - b.row.firedFrom)
	}

	/** A window that is known to be judged as before: what was said in it stands. */
	confirm(key: SeriesKey, from: number): void {
		for (const alert of this.alerts.values()) {
			const { row, stored } = alert
			if (!stored || seriesText(row) !== seriesText(key)) continue
			if (row.status === 'undone' && stored.status !== 'undone' && row.firedFrom === from) {
				const pool = poolKey(key, row.rule, row.subjectKey)
				this.pools.set(
					pool,
					(this.pools.get(pool) ?? []).filter((a) => a !== alert),
				)
				Object.assign(row, { status: 'firing', endedFrom: null, endedTo: null })
			}
			if (row.status === 'firing' && stored.endedFrom === from)
				Object.assign(row, { status: 'resolved', endedFrom: stored.endedFrom, endedTo: stored.endedTo })
		}
	}

	fired(key: SeriesKey, event: Opening): WorkingAlert {
		const again = this.pools.get(poolKey(key, event.rule.name, event.key))?.shift()
		const alert = again ?? this.create(key, event)
		const { before = null } = event
		const value = event.value !== undefined && Number.isFinite(event.value) ? event.value : null
		const isSame = !again?.stored || alert.row.value === value
		Object.assign(alert.row, {
			status: 'firing',
			...(again?.stored ? { restated: isSame ? null : value } : { value, before }),
			began: event.state.since,
			firedFrom: event.from,
			firedTo: event.to,
			endedFrom: null,
			endedTo: null,
		})
		this.hold(alert, event)
		return alert
	}

	/** Remembers the facts of a window in which the alert fires, if actions have yet to look at them. */
	hold(alert: WorkingAlert, event: AlertEvent): void {
		alert.rule = event.rule
		const open = event.rule.actions.length > alert.row.done.length
		if (open) alert.held.push({ to: event.to, facts: event.facts })
	}

	resolved(id: string | undefined, at: { from: number; to: number }): void {
		const alert = id === undefined ? undefined : this.alerts.get(id)
		if (alert) Object.assign(alert.row, { status: 'resolved', endedFrom: at.from, endedTo: at.to })
	}

	/** Whether one of the rules was firing at any time in [from, to). */
	isFiring(rules: readonly string[], from: number, to: number): boolean {
		const during = (row: AlertRow) =>
			row.status !== 'undone' &&
			rules.includes(row.rule) &&
			row.firedFrom < Math.max(to, from + 1) &&
			(row.endedTo ?? Number.POSITIVE_INFINITY) > from
		if (this.service.some(during)) return true
		for (const { row } of this.alerts.values()) if (during(row)) return true
		return false
	}

	changed(): WorkingAlert[] {
		return [...this.alerts.values()].filter(
			({ row, stored, held }) => !stored || held.length > 0 || !sameRow(row, stored),
		)
	}

	/** Of those the rows that are not as they are stored. */
	changedRows(): AlertRow[] {
		return this.changed().flatMap(({ row, stored }) => (stored && sameRow(row, stored) ? [] : [row]))
	}

	private create(key: SeriesKey, { rule, key: subject, digest }: Opening): WorkingAlert {
		const row: AlertRow = {
			id: newId('alt', this.context.now(), this.context.random),
			rule: rule.name,
			...{ model: key.model, environment: key.environment, version: key.version, window: key.window },
			subjectKey: subject,
			severity: rule.severity,
			title: rule.title,
			status: 'firing',
			metric: rule.metric,
			value: null,
			restated: null,
			before: null,
			began: 0,
			firedFrom: 0,
			firedTo: 0,
			endedFrom: null,
			endedTo: null,
			rulesDigest: digest,
			incident: null,
			silence: null,
			done: [],
			createdAt: this.context.now(),
		}
		const alert: WorkingAlert = { row, stored: undefined, rule, held: [] }
		this.alerts.set(row.id, alert)
		return alert
	}
}

const poolKey = (key: SeriesKey, rule: string, subject: string) =>
	JSON.stringify([seriesText(key), rule, subject])

export const sameRow = (a: AlertRow, b: AlertRow): boolean =>
	(Object.keys(a) as (keyof AlertRow)[]).every(
		(k) => a[k] === b[k] || (k === 'done' && String(a.done) === String(b.done)),
	)

/** Alerts that a judgement of windows from `from` on can touch: firing, of open incidents, or active since then. */
export function readAlertsSince(
	context: Context,
	from: number,
	place?: { model: string; environment: string },
): Promise<AlertRow[]> {
	const open = context.db.select({ id: incidents.id }).from(incidents).where(ne(incidents.status, 'resolved'))
	const touched = or(
		eq(alerts.status, 'firing'),
		gte(sql`coalesce(${alerts.endedTo}, ${alerts.firedTo})`, from),
		gte(alerts.firedFrom, from),
		inArray(alerts.incident, open),
	)
	const here = place
		? and(eq(alerts.model, place.model), eq(alerts.environment, place.environment))
		: undefined
	return context.db.select().from(alerts).where(and(touched, here))
}

export async function readAlertsOf(context: Context, incidentIds: readonly string[]): Promise<AlertRow[]> {
	if (incidentIds.length === 0) return []
	return context.db.select().from(alerts).where(inList(alerts.incident, incidentIds))
}
