import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Change, type ChangeSet, commit } from '../../db/commit.ts'
import { alerts } from '../../db/schema.ts'
import type { Lookup } from '../../rules/facts.ts'
import type { ActionInput, ActionRegistry } from '../actions.ts'
import { causeOrder } from '../incident/causes.ts'
import { describeIncidents } from '../incident/describe-incidents.ts'
import { IncidentWorkingSet } from '../incident/incident-working-set.ts'
import { activeSilences, silenceOf } from '../silence/silence.ts'
import type { AlertWorkingSet, WorkingAlert } from './alert-working-set.ts'
import { ruleActor } from './rules-in-force.ts'
import type { ModelEnvironment } from './series-record.ts'

/**
 * The last stages of an evaluation: runs the actions of alerts that fire, describes the incidents that changed, and
 * stores incidents, requests, alerts and `stateChanges` in one commit. `from` is the start of the first window.
 */
export async function commitAlerts(
	context: Context,
	about: ModelEnvironment,
	from: number,
	{
		workingSet,
		actions,
		stateChanges,
	}: { workingSet: AlertWorkingSet; actions: ActionRegistry; stateChanges: readonly Change[] },
): Promise<void> {
	const rows = [...workingSet.alerts.values()].map((a) => a.row)
	const incidents = await IncidentWorkingSet.open(context, about, from, rows)
	const requests: ChangeSet = { changes: [], entries: [] }
	await runAllActions(context, requests, workingSet, incidents, actions)
	await describeIncidents(context, incidents, workingSet.changedRows())
	const changeSet: ChangeSet = { changes: [], entries: [] }
	incidents.flush(changeSet)
	// After the incidents, which they name.
	changeSet.changes.push(...requests.changes)
	changeSet.entries.push(...requests.entries)
	for (const alert of workingSet.changed()) changeSet.changes.push({ query: alertQuery(context, alert) })
	changeSet.changes.push(...stateChanges)
	if (changeSet.changes.length > 0) await commit(context, ruleActor, changeSet.entries, changeSet.changes)
}

/** Runs the actions of alerts that fire, causes before their consequences. A silenced alert counts as acted on. */
async function runAllActions(
	context: Context,
	changeSet: ChangeSet,
	workingSet: AlertWorkingSet,
	incidents: IncidentWorkingSet,
	actions: ActionRegistry,
): Promise<void> {
	const silences = await activeSilences(context)
	const firing = [...workingSet.alerts.values()].filter((a) => a.held.length > 0 && a.row.status !== 'undone')
	firing.sort((a, b) => causeOrder(a.row, b.row) || (a.row.subjectKey < b.row.subjectKey ? -1 : 1))
	for (const alert of firing) {
		const silence = alert.stored ? undefined : silenceOf(silences, alert.row)
		if (silence) {
			alert.row.silence = silence.id
			alert.row.done = (alert.rule?.actions ?? []).map((_, i) => i)
		}
		await runActions({ context, changeSet, incidents, alert }, actions)
	}
}

/** Runs each action of the alert's rule that has not run, in the first window in which it may. */
async function runActions(
	input: Pick<ActionInput, 'context' | 'changeSet' | 'incidents' | 'alert'>,
	actions: ActionRegistry,
): Promise<void> {
	const { alert, incidents } = input
	for (const [i, use] of (alert.rule?.actions ?? []).entries()) {
		if (alert.row.done.includes(i)) continue
		for (const { to, facts } of alert.held) {
			if (to - alert.row.began < use.afterMs) continue
			const incident = incidents.find(alert.row.incident)
			const withSeverity: Lookup = (name) =>
				name === 'severity' ? (incident?.row.severity ?? alert.row.severity) : facts(name)
			if (use.if && use.if.test(withSeverity) !== true) continue
			await actions[use.name].run({ ...input, incident, use, facts })
			alert.row.done = [...alert.row.done, i]
			break
		}
	}
}

const alertQuery = (context: Context, { row, stored }: WorkingAlert) =>
	stored
		? context.db.update(alerts).set(row).where(eq(alerts.id, row.id))
		: context.db.insert(alerts).values(row)
