import type { Context } from '../../context.ts'
import { commit, newChangeSet, ruleActor } from '../../db/commit.ts'
import { readReplayStates } from '../../decisions/replay/replay-states.ts'
import { readRejectionStates } from '../../monitoring/windows/rejected-rows.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { evaluate } from '../../rules/evaluate.ts'
import type { FactTable, FactValue } from '../../rules/facts.ts'
import { appliesTo, type Place, type RuleSet, serviceModel } from '../../rules/rule-set.ts'
import { packStates, unpackStates, withState } from '../../rules/states.ts'
import type { ActionRegistry } from '../actions.ts'
import { describeIncidents } from '../incident/describe-incidents.ts'
import { IncidentWorkingSet } from '../incident/incident-working-set.ts'
import { AlertWorkingSet, readAlertsSince } from './alert-working-set.ts'
import { missedJobs, readFeeds } from './clock-states.ts'
import { alertQuery, settleFirst, takeActions } from './evaluate-model.ts'
import {
	placeText,
	readSeries,
	type SeriesKey,
	seriesChange,
	seriesText,
	stateChanges,
} from './series-record.ts'

type Setting = { ruleSet: RuleSet; actions: ActionRegistry }
/** What is so now, of a model's feed or of the service itself. */
type States = ReadonlyMap<string, FactValue>

const keepMs = 0

/** Judges what only the clock can tell: feeds that were live and have stopped, replays that mismatch, jobs that did not run. */
export async function evaluateLiveness(context: Context, setting: Setting): Promise<string[]> {
	const failed: string[] = []
	const attempt = async ({ model, environment }: Omit<Place, 'tags'>, evaluate: () => Promise<void>) => {
		try {
			await evaluate()
		} catch (error) {
			failed.push(model)
			context.logger.error('the state of a model could not be judged', {
				model,
				environment,
				error: String(error),
			})
		}
	}
	for (const { model, environment, states, evaluated } of await modelStates(context))
		await attempt({ model, environment }, async () => {
			const { tags } = await findModel(context, model)
			await evaluateNow(context, { model, environment, tags }, states, 'clock', setting)
			await evaluated?.()
		})
	const missed = await missedJobs(context)
	const late = Math.max(0, ...missed.map((m) => m.lateMs))
	const jobs = new Map<string, FactValue>([
		['job.missed', missed.length > 0],
		['job.late_ms', late],
	])
	const service: Place = { model: serviceModel, environment: '', tags: [] }
	await attempt(service, () => evaluateNow(context, service, jobs, 'service', setting))
	return failed
}

type ModelStates = {
	model: string
	environment: string
	states: Map<string, FactValue>
	evaluated: (() => Promise<void>) | undefined
}

type StateOf = Omit<ModelStates, 'states' | 'evaluated'> & {
	facts: ReadonlyMap<string, FactValue>
	evaluated?: () => Promise<void>
}

/** What is so now of each model in each environment that there is something to say of. */
async function modelStates(context: Context): Promise<Iterable<ModelStates>> {
	const places = new Map<string, ModelStates>()
	for (const { model, environment, stopped, silentMs } of await readFeeds(context)) {
		const states = new Map<string, FactValue>([
			['feed.stopped', stopped],
			['quality.freshness_ms', silentMs],
		])
		places.set(placeText({ model, environment }), { model, environment, states, evaluated: undefined })
	}
	const add = ({ model, environment, facts, evaluated }: StateOf) => {
		const known = places.get(placeText({ model, environment }))
		const states = new Map([...(known?.states ?? []), ...facts])
		places.set(placeText({ model, environment }), { model, environment, states, evaluated })
	}
	for (const state of await readRejectionStates(context)) add(state)
	for (const state of await readReplayStates(context)) add(state)
	return places.values()
}

async function evaluateNow(
	context: Context,
	place: Place,
	states: States,
	scope: 'clock' | 'service',
	{ ruleSet, actions }: Setting,
): Promise<void> {
	const rules = ruleSet.rules.filter((r) => r.scope === scope && (scope === 'service' || appliesTo(r, place)))
	if (rules.length === 0) return
	const now = context.now()
	const key: SeriesKey = { model: place.model, environment: place.environment, version: '', window: 'clock' }
	const record = (await readSeries(context, key)).get(seriesText(key))
	const before = unpackStates(record?.states ?? '')
	const table: FactTable = { from: now, to: now, closed: true, subjects: [{ facts: new Map(), n: 0, m: 0 }] }
	const workingSet = new AlertWorkingSet(context, await readAlertsSince(context, now, key), [])
	const result = evaluate(rules, table, before, {
		inhibited: (rule) => rule.inhibitedBy.length > 0 && workingSet.isFiring(rule.inhibitedBy, now, now),
		state: (name) => states.get(name),
	})
	let after = result.states
	for (const event of result.events) {
		const known = event.state.alert === undefined ? undefined : workingSet.alerts.get(event.state.alert)
		if (event.kind === 'resolved') workingSet.resolved(event.state.alert, event)
		else if (event.kind === 'firing' && known) workingSet.hold(known, event)
		else {
			const { row } = workingSet.fired(key, { ...event, before: undefined, digest: ruleSet.digest })
			// Replays look back: the mismatch began with the first day that stands, not when it was found.
			const since = states.get('replay.since')
			if (row.metric.startsWith('replay.') && typeof since === 'number') row.began = since
			after = withState(after, event.rule.name, event.key, { ...event.state, alert: row.id })
		}
	}
	const changed = packStates(after) !== packStates(before)
	if (!changed && workingSet.changed().length === 0) return
	const changeSet = newChangeSet()
	const incidents = await IncidentWorkingSet.open(
		context,
		key,
		now,
		[...workingSet.alerts.values()].map((a) => a.row),
	)
	await takeActions(context, changeSet, workingSet, incidents, actions)
	await describeIncidents(context, incidents, workingSet.changedRows())
	settleFirst(changeSet, incidents)
	for (const alert of workingSet.changed()) changeSet.changes.push({ query: alertQuery(context, alert) })
	if (changed)
		changeSet.changes.push(...stateChanges(key, now, [{ from: now, states: packStates(after) }], keepMs))
	changeSet.changes.push(seriesChange(key, now, record?.revision ?? 0))
	await commit(context, ruleActor, changeSet.entries, changeSet.changes)
}
