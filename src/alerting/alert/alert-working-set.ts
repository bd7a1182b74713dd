import { and, eq, gte, inArray, ne, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { newId } from '../../core/ids.ts'
import { getOrInsert } from '../../core/maps.ts'
import { inList } from '../../db/database.ts'
import { alerts, incidents } from '../../db/schema.ts'
import type { AlertEvent } from '../../rules/evaluate.ts'
import type { Lookup } from '../../rules/facts.ts'
import { noDataRule, type Rule } from '../../rules/rule-set.ts'
import { type ModelEnvironment, type RuleSeries, seriesText } from './series-record.ts'

export type AlertRow = typeof alerts.$inferSelect

/** An alert while an evaluation works on it. */
export type WorkingAlert = {
	row: AlertRow
	/** As it is stored; undefined when it is new. */
	stored: AlertRow | undefined
	rule: Rule | undefined
	/** The facts of each window in which the alert fires while actions of its rule have not run. */
	held: { to: number; facts: Lookup }[]
}

/**
 * The alerts of one model in one environment. To evaluate windows again (late rows changed them), `rewind` takes back
 * their alerts; one that fires again keeps its id, and one that does not stays `undone`.
 */
export class AlertWorkingSet {
	readonly alerts = new Map<string, WorkingAlert>()
	/** Alerts that were taken back, by series, rule and subject, oldest first. */
	private readonly pools = new Map<string, WorkingAlert[]>()
	private readonly context: Context

	constructor(context: Context, rows: readonly AlertRow[]) {
		this.context = context
		for (const row of rows)
			this.alerts.set(row.id, { row: { ...row }, stored: row, rule: undefined, held: [] })
	}

	/** Takes back the alerts of a series from the window on. `rules` are those in force; alerts of other rules stay. */
	rewind(series: RuleSeries, from: number, rules: ReadonlySet<string>): void {
		for (const alert of this.alerts.values()) {
			const { row } = alert
			if (seriesText(row) !== seriesText(series) || !(rules.has(row.rule) || row.rule === noDataRule))
				continue
			if (row.firedFrom >= from) {
				getOrInsert(this.pools, poolKey(series, row.rule, row.subjectKey), () => []).push(alert)
				row.status = 'undone'
			} else if (row.endedFrom !== null && row.endedFrom >= from)
				Object.assign(row, { status: 'firing', endedFrom: null, endedTo: null })
		}
		for (const pool of this.pools.values()) pool.sort((a, b) => a.row.firedFrom - b.row.firedFrom)
	}

	/** Restores the alerts of a window that would be evaluated exactly as before. */
	confirm(series: RuleSeries, from: number): void {
		for (const alert of this.alerts.values()) {
			const { row, stored } = alert
			if (!stored || seriesText(row) !== seriesText(series)) continue
			if (row.status === 'undone' && stored.status !== 'undone' && row.firedFrom === from) {
				const key = poolKey(series, row.rule, row.subjectKey)
				this.pools.set(
					key,
					(this.pools.get(key) ?? []).filter((a) => a !== alert),
				)
				Object.assign(row, { status: 'firing', endedFrom: null, endedTo: null })
			}
			if (row.status === 'firing' && stored.endedFrom === from)
				Object.assign(row, { status: 'resolved', endedFrom: stored.endedFrom, endedTo: stored.endedTo })
		}
	}

	/** Applies an event. Returns the alert if the event opened it, or opened it again; `valueBefore` is read only then. */
	async record(
		series: RuleSeries,
		event: AlertEvent,
		digest: string,
		valueBefore?: (event: AlertEvent) => Promise<number | undefined>,
	): Promise<AlertRow | undefined> {
		const known = event.state.alert === undefined ? undefined : this.alerts.get(event.state.alert)
		if (event.kind === 'resolved') {
			if (known) Object.assign(known.row, { status: 'resolved', endedFrom: event.from, endedTo: event.to })
			return undefined
		}
		if (event.kind === 'firing' && known) {
			hold(known, event)
			return undefined
		}
		return this.open(series, event, digest, (await valueBefore?.(event)) ?? null)
	}

	private open(series: RuleSeries, event: AlertEvent, digest: string, before: number | null): AlertRow {
		const again = this.pools.get(poolKey(series, event.rule.name, event.key))?.shift()
		const alert = again ?? this.create(series, event, digest)
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
		hold(alert, event)
		return alert.row
	}

	/** Whether one of the rules was firing at any time in [from, to). */
	isFiring(rules: readonly string[], from: number, to: number): boolean {
		for (const { row } of this.alerts.values())
			if (
				row.status !== 'undone' &&
				rules.includes(row.rule) &&
				row.firedFrom < Math.max(to, from + 1) &&
				(row.endedTo ?? Number.POSITIVE_INFINITY) > from
			)
				return true
		return false
	}

	/** Alerts that are new, differ from what is stored, or have actions to run. */
	changed(): WorkingAlert[] {
		return [...this.alerts.values()].filter(
			({ row, stored, held }) => !stored || held.length > 0 || !sameRow(row, stored),
		)
	}

	/** The rows that are new or differ from what is stored. */
	changedRows(): AlertRow[] {
		return this.changed().flatMap(({ row, stored }) => (stored && sameRow(row, stored) ? [] : [row]))
	}

	private create(series: RuleSeries, { rule, key }: AlertEvent, digest: string): WorkingAlert {
		const { model, environment, version, window } = series
		const row: AlertRow = {
			id: newId('alt', this.context.now(), this.context.random),
			rule: rule.name,
			...{ model, environment, version, window },
			subjectKey: key,
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

/** Keeps the facts of a window in which the alert fires, if actions of its rule have not run. */
function hold(alert: WorkingAlert, { rule, to, facts }: AlertEvent): void {
	alert.rule = rule
	if (rule.actions.length > alert.row.done.length) alert.held.push({ to, facts })
}

const poolKey = (series: RuleSeries, rule: string, subject: string) =>
	JSON.stringify([seriesText(series), rule, subject])

const sameRow = (a: AlertRow, b: AlertRow): boolean =>
	(Object.keys(a) as (keyof AlertRow)[]).every(
		(k) => a[k] === b[k] || (k === 'done' && String(a.done) === String(b.done)),
	)

/** Alerts that an evaluation of windows from `from` on can change: firing, of open incidents, or active since then. */
export function readAlertsSince(
	context: Context,
	from: number,
	{ model, environment }: ModelEnvironment,
): Promise<AlertRow[]> {
	const open = context.db.select({ id: incidents.id }).from(incidents).where(ne(incidents.status, 'resolved'))
	const touched = or(
		eq(alerts.status, 'firing'),
		gte(sql`coalesce(${alerts.endedTo}, ${alerts.firedTo})`, from),
		gte(alerts.firedFrom, from),
		inArray(alerts.incident, open),
	)
	return context.db
		.select()
		.from(alerts)
		.where(and(touched, eq(alerts.model, model), eq(alerts.environment, environment)))
}

export async function readAlertsOf(context: Context, incidentIds: readonly string[]): Promise<AlertRow[]> {
	if (incidentIds.length === 0) return []
	return context.db.select().from(alerts).where(inList(alerts.incident, incidentIds))
}
