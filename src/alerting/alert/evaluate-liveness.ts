import type { Context } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { readReplayStates } from '../../decisions/replay/replay-states.ts'
import { readRejectionStates } from '../../monitoring/windows/rejected-rows.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { evaluate } from '../../rules/evaluate.ts'
import type { FactTable, FactValue } from '../../rules/facts.ts'
import { appliesTo, type RuleSet, type RuleTarget, serviceModel } from '../../rules/rule-set.ts'
import { packStates, unpackStates, withState } from '../../rules/states.ts'
import type { ActionRegistry } from '../actions.ts'
import { AlertWorkingSet, readAlertsSince } from './alert-working-set.ts'
import { missedJobs, readFeeds } from './clock-states.ts'
import { commitAlerts } from './commit-alerts.ts'
import {
	type ModelEnvironment,
	modelText,
	type RuleSeries,
	readSeries,
	seriesChange,
	seriesText,
	stateChanges,
} from './series-record.ts'

type Setting = { ruleSet: RuleSet; actions: ActionRegistry }
/** What is true now, of a model in an environment or of the service itself. */
type Facts = ReadonlyMap<string, FactValue>

const keepMs = 0

/**
 * Evaluates the rules on what only the clock can tell: live feeds that have stopped, rejected rows, replays that
 * mismatch, jobs that did not run. Returns the models that failed.
 */
export async function evaluateLiveness(context: Context, setting: Setting): Promise<string[]> {
	const failed: string[] = []
	const attempt = async ({ model, environment }: ModelEnvironment, work: () => Promise<void>) => {
		try {
			await work()
		} catch (error) {
			failed.push(model)
			context.logger.error('the state of a model could not be evaluated', {
				model,
				environment,
				error: String(error),
			})
		}
	}
	for (const { model, environment, facts, evaluated } of await modelStates(context))
		await attempt({ model, environment }, async () => {
			const { tags } = await findModel(context, model)
			await evaluateNow(context, { model, environment, tags }, facts, 'clock', setting)
			await evaluated?.()
		})
	const missed = await missedJobs(context)
	const jobs: Facts = new Map<string, FactValue>([
		['job.missed', missed.length > 0],
		['job.late_ms', Math.max(0, ...missed.map((m) => m.lateMs))],
	])
	const service: RuleTarget = { model: serviceModel, environment: '', tags: [] }
	await attempt(service, () => evaluateNow(context, service, jobs, 'service', setting))
	return failed
}

type ModelState = ModelEnvironment & {
	facts: Map<string, FactValue>
	/** Called once the rules were evaluated on it. */
	evaluated: (() => Promise<void>) | undefined
}

/** The state of each model in each environment of which something is known. */
async function modelStates(context: Context): Promise<Iterable<ModelState>> {
	const known = new Map<string, ModelState>()
	const add = (
		{ model, environment }: ModelEnvironment,
		facts: Iterable<readonly [string, FactValue]>,
		evaluated?: () => Promise<void>,
	) => {
		const state = getOrInsert(known, modelText({ model, environment }), () => ({
			model,
			environment,
			facts: new Map<string, FactValue>(),
			evaluated: undefined,
		}))
		for (const [name, value] of facts) state.facts.set(name, value)
		state.evaluated = evaluated
	}
	for (const feed of await readFeeds(context))
		add(feed, [
			['feed.stopped', feed.stopped],
			['quality.freshness_ms', feed.silentMs],
		])
	for (const state of await readRejectionStates(context)) add(state, state.facts)
	for (const state of await readReplayStates(context)) add(state, state.facts, state.evaluated)
	return known.values()
}

async function evaluateNow(
	context: Context,
	target: RuleTarget,
	facts: Facts,
	scope: 'clock' | 'service',
	{ ruleSet, actions }: Setting,
): Promise<void> {
	const rules = ruleSet.rules.filter(
		(r) => r.scope === scope && (scope === 'service' || appliesTo(r, target)),
	)
	if (rules.length === 0) return
	const now = context.now()
	const { model, environment } = target
	const series: RuleSeries = { model, environment, version: '', window: 'clock' }
	const record = (await readSeries(context, series)).get(seriesText(series))
	const before = unpackStates(record?.states ?? '')
	const table: FactTable = { from: now, to: now, closed: true, subjects: [{ facts: new Map(), n: 0, m: 0 }] }
	const workingSet = new AlertWorkingSet(context, await readAlertsSince(context, now, series))
	const result = evaluate(rules, table, before, {
		inhibited: (rule) => rule.inhibitedBy.length > 0 && workingSet.isFiring(rule.inhibitedBy, now, now),
		state: (name) => facts.get(name),
	})
	let after = result.states
	for (const event of result.events) {
		const alert = await workingSet.record(series, event, ruleSet.digest)
		if (!alert) continue
		// A replay looks back: the mismatch began on the first day that still mismatches, not when it was found.
		const since = facts.get('replay.since')
		if (alert.metric.startsWith('replay.') && typeof since === 'number') alert.began = since
		after = withState(after, event.rule.name, event.key, { ...event.state, alert: alert.id })
	}
	const changed = packStates(after) !== packStates(before)
	if (!changed && workingSet.changed().length === 0) return
	const states = changed ? stateChanges(series, now, [{ from: now, states: packStates(after) }], keepMs) : []
	await commitAlerts(context, series, now, {
		workingSet,
		actions,
		stateChanges: [...states, seriesChange(series, now, record?.revision ?? 0)],
	})
}
