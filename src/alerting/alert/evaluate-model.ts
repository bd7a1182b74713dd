import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import { type ChangeSet, commit, newChangeSet, ruleActor } from '../../db/commit.ts'
import { alerts } from '../../db/schema.ts'
import type { ChangedWindow } from '../../monitoring/windows/read-facts.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { deploymentHistory } from '../../registry/deployment/get-deployment.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { Lookup } from '../../rules/facts.ts'
import { appliesTo, type RuleSet } from '../../rules/rule-set.ts'
import type { ActionRegistry } from '../actions.ts'
import { causeOrder } from '../incident/causes.ts'
import { describeIncidents } from '../incident/describe-incidents.ts'
import { IncidentWorkingSet } from '../incident/incident-working-set.ts'
import { activeSilences, silenceOf } from '../silence/silence.ts'
import { AlertWorkingSet, readAlertsSince, type WorkingAlert } from './alert-working-set.ts'
import { RuleEvaluator } from './evaluate-series.ts'
import { readSeries, seriesText } from './series-record.ts'
import type { Sources } from './sources.ts'

export type Place = { model: string; environment: string }

const serviceAlerts: never[] = []

/**
 * Judges the changed windows of one model in one environment, in time order, and stores what follows in one commit:
 * states, alerts, incidents, requests, announcements. Answers how many windows were judged.
 */
export async function evaluateModel(
	context: Context,
	place: Place,
	changed: readonly ChangedWindow[],
	setting: { ruleSet: RuleSet; sources: Sources; actions: ActionRegistry; onWindow: () => void },
): Promise<number> {
	const { ruleSet, sources, actions, onWindow } = setting
	const { tags } = await findModel(context, place.model)
	const from = Math.min(...changed.map((c) => c.from))
	const workingSet = new AlertWorkingSet(context, await readAlertsSince(context, from, place), serviceAlerts)
	const records = await readSeries(context, place)
	const deployments = await deploymentHistory(context, place.model, place.environment)
	const evaluators: { evaluate: RuleEvaluator; windows: { from: number; changed: boolean }[] }[] = []
	for (const [text, windows] of bySeries(changed)) {
		const [first] = windows as [ChangedWindow]
		const key = {
			model: place.model,
			environment: place.environment,
			version: first.version,
			window: first.window,
		}
		const rules = ruleSet.rules.filter(
			(r) => r.scope === 'window' && r.window === first.window && appliesTo(r, { ...place, tags }),
		)
		const hasBaseline = (await currentReference(context, place.model, first.version)).digest !== ''
		const names = new Set(ruleSet.rules.map((r) => r.name))
		const evaluate = new RuleEvaluator(key, records.get(text), {
			context,
			sources,
			rules,
			names,
			digest: ruleSet.digest,
			hasBaseline,
			deployments,
			workingSet,
		})
		evaluators.push({ evaluate, windows: await evaluate.begin(windows.map((w) => w.from)) })
	}
	const evaluated = await evaluateInOrder(evaluators, onWindow)
	const changeSet = newChangeSet()
	const incidents = await IncidentWorkingSet.open(
		context,
		place,
		from,
		[...workingSet.alerts.values()].map((a) => a.row),
	)
	await takeActions(context, changeSet, workingSet, incidents, actions)
	await describeIncidents(context, incidents, workingSet.changedRows())
	settleFirst(changeSet, incidents)
	for (const alert of workingSet.changed()) changeSet.changes.push({ query: alertQuery(context, alert) })
	for (const { evaluate } of evaluators) changeSet.changes.push(...evaluate.changes())
	if (changeSet.changes.length > 0) await commit(context, ruleActor, changeSet.entries, changeSet.changes)
	return evaluated
}

function bySeries(changed: readonly ChangedWindow[]): Map<string, ChangedWindow[]> {
	const series = new Map<string, ChangedWindow[]>()
	for (const window of changed) {
		const text = seriesText(window)
		series.set(text, [...(series.get(text) ?? []), window])
	}
	return series
}

/** All series together by the end of their windows, so that what inhibits is known before what it inhibits. */
async function evaluateInOrder(
	evaluators: readonly { evaluate: RuleEvaluator; windows: { from: number; changed: boolean }[] }[],
	onWindow: () => void,
): Promise<number> {
	const all = evaluators.flatMap(({ evaluate, windows }) =>
		windows.map((w) => ({ evaluate, ...w, to: w.from + windowMs[evaluate.key.window as WindowSize] })),
	)
	all.sort((a, b) => a.to - b.to || b.from - a.from)
	for (const { evaluate, from, changed } of all) {
		await evaluate.evaluate(from, changed)
		// Windows that are only looked at again are not among those that were due.
		if (changed) onWindow()
	}
	return all.length
}

/** Incidents go before the requests that name them. */
export function settleFirst(changeSet: ChangeSet, incidents: IncidentWorkingSet): void {
	const [changes, entries] = [changeSet.changes.splice(0), changeSet.entries.splice(0)]
	incidents.settle(changeSet)
	changeSet.changes.push(...changes)
	changeSet.entries.push(...entries)
}

export async function takeActions(
	context: Context,
	changeSet: ChangeSet,
	workingSet: AlertWorkingSet,
	incidents: IncidentWorkingSet,
	actions: ActionRegistry,
): Promise<void> {
	const silences = await activeSilences(context)
	const waiting = [...workingSet.alerts.values()].filter(
		(a) => a.held.length > 0 && a.row.status !== 'undone',
	)
	waiting.sort((a, b) => causeOrder(a.row, b.row) || (a.row.subjectKey < b.row.subjectKey ? -1 : 1))
	for (const alert of waiting) {
		const silence = alert.stored ? undefined : silenceOf(silences, alert.row)
		if (silence) {
			alert.row.silence = silence.id
			alert.row.done = (alert.rule?.actions ?? []).map((_, i) => i)
		}
		await runActions({ context, changeSet, incidents, alert }, actions)
	}
}

type Input = { context: Context; changeSet: ChangeSet; incidents: IncidentWorkingSet; alert: WorkingAlert }

/** Runs each action of the alert's rule that has not run, in the first window in which it may. */
async function runActions(input: Input, actions: ActionRegistry): Promise<void> {
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

export const alertQuery = (context: Context, { row, stored }: WorkingAlert) =>
	stored
		? context.db.update(alerts).set(row).where(eq(alerts.id, row.id))
		: context.db.insert(alerts).values(row)
