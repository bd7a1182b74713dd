import type { Context } from '../../context.ts'
import type { SeriesRef } from '../../core/series.ts'
import { dayMs, type WindowSize, windowMs } from '../../core/time.ts'
import type { Change } from '../../db/commit.ts'
import { type DeploymentHistory, wasDeployed } from '../../registry/deployment/get-deployment.ts'
import { type AlertEvent, evaluate, markUnknown, type RuleContext } from '../../rules/evaluate.ts'
import type { FactTable, Subject } from '../../rules/facts.ts'
import type { Rule } from '../../rules/rule-set.ts'
import { packStates, type States, unpackStates, withState } from '../../rules/states.ts'
import type { AlertWorkingSet } from './alert-working-set.ts'
import {
	readHistory,
	type SeriesRecord,
	type StoredStates,
	seriesChange,
	stateChanges,
} from './series-record.ts'
import type { BaselineFacts, Sources } from './sources.ts'

/** What an evaluation needs to know of a model besides the facts of its windows. */
export type Setting = {
	context: Context
	sources: Sources
	/** The rules for windows of this size of this model, in order. */
	rules: readonly Rule[]
	/** The names of all rules in force. */
	names: ReadonlySet<string>
	digest: string
	/** Whether the version has a baseline in force. */
	hasBaseline: boolean
	/** What was deployed in the environment, oldest first. */
	deployments: DeploymentHistory
	workingSet: AlertWorkingSet
}

const keepMs = 100 * dayMs

// A night, a week or a month: windows with few rows may lie between those with enough.
const lookBack: Record<WindowSize, number> = { '1h': 24, '1d': 7, '7d': 4 }

/** Windows that are read at once. */
const windowsAhead = 24

const ofFeature = /^baseline\.\w+_rate$/

/** Evaluates the windows of one series, in time order. Windows that changed after they were evaluated rewind it first. */
export class RuleEvaluator {
	readonly key: SeriesRef & { window: WindowSize }
	private readonly setting: Setting
	private readonly record: SeriesRecord | undefined
	private states: States
	private lastFrom: number | undefined
	private lastTable: FactTable | undefined
	private start: number | undefined
	/** The states after each window of this run that changed them. */
	private readonly history: StoredStates[] = []
	/** The states that were stored before this run; only when windows are evaluated again. */
	private stored: StoredStates[] = []
	private baseline: BaselineFacts | undefined
	/** Starts of the changed windows, in order, and facts of some that come next. */
	private changed: readonly number[] = []
	private ahead = new Map<number, FactTable>()

	constructor(key: RuleEvaluator['key'], record: SeriesRecord | undefined, setting: Setting) {
		this.key = key
		this.record = record
		this.setting = setting
		this.states = unpackStates(record?.states ?? '')
		this.lastFrom = record?.lastFrom
	}

	/**
	 * Returns the windows to evaluate: the changed ones, and from the first of them on every one that was evaluated
	 * before. Goes back to the states before the first.
	 */
	async begin(changed: readonly number[]): Promise<{ from: number; changed: boolean }[]> {
		const { context, rules, workingSet, names, sources } = this.setting
		if (rules.some((r) => [...r.when.names, ...(r.clear?.names ?? [])].some((name) => ofFeature.test(name))))
			this.baseline = await sources.baselineFacts(context, this.key.model, this.key.version)
		this.changed = changed.toSorted((a, b) => a - b)
		const first = Math.min(...changed)
		this.start = first
		const windows = new Map(changed.map((from) => [from, true]))
		if (this.lastFrom !== undefined && first <= this.lastFrom) {
			this.stored = await readHistory(context, this.key, first)
			this.states = unpackStates(statesAt(this.stored, first - 1))
			workingSet.rewind(this.key, first, names)
			for (let from = first; from <= this.lastFrom; from += windowMs[this.key.window])
				if (!windows.has(from)) windows.set(from, false)
		}
		return [...windows].sort((a, b) => a[0] - b[0]).map(([from, isChanged]) => ({ from, changed: isChanged }))
	}

	/** Evaluates one window. A window without facts changes nothing. */
	async evaluate(from: number, changed: boolean): Promise<void> {
		// The same facts on the same states have the same result.
		if (!changed && packStates(this.states) === statesAt(this.stored, from - 1)) {
			this.setStates(unpackStates(statesAt(this.stored, from)), from)
			this.setting.workingSet.confirm(this.key, from)
			return
		}
		const table = await this.tableOf(from)
		if (table.subjects.length === 0) return
		const ruleContext = this.ruleContext(table)
		const result = evaluate(this.setting.rules, table, this.states, ruleContext)
		let states = await markUnknown(result.states, result.unknown, from, this.earlierTables(from), ruleContext)
		for (const event of result.events) states = await this.recordEvent(event, states)
		this.setStates(states, from)
		this.lastTable = table
		this.lastFrom = Math.max(this.lastFrom ?? from, from)
	}

	/** What to store of the series; nothing when no window of it was ever evaluated. */
	changes(): Change[] {
		if (this.lastFrom === undefined) return []
		const isQuiet = this.history.length === 0 && this.stored.length === 0
		const states = isQuiet ? [] : stateChanges(this.key, this.start ?? 0, this.history, keepMs)
		return [...states, seriesChange(this.key, this.lastFrom, this.record?.revision ?? 0)]
	}

	private setStates(states: States, from: number): void {
		const packed = packStates(states)
		if (packed !== packStates(this.states)) this.history.push({ from, states: packed })
		this.states = states
	}

	/** Applies an event to the alerts. The state of an alert that opened then names it. */
	private async recordEvent(event: AlertEvent, states: States): Promise<States> {
		const { workingSet, digest } = this.setting
		const alert = await workingSet.record(this.key, event, digest, (e) => this.valueBefore(e))
		if (!alert) return states
		return withState(states, event.rule.name, event.key, { ...event.state, alert: alert.id })
	}

	/** The reported fact in the window before the one in which the alert began. */
	private async valueBefore(event: AlertEvent): Promise<number | undefined> {
		const table = await this.previousTable(event.state.since)
		const subject = table?.subjects.find((s) => sameSubject(s, event.subject))
		return subject?.facts.get(event.rule.metric)
	}

	private async previousTable(from: number): Promise<FactTable | undefined> {
		const before = from - windowMs[this.key.window]
		if (this.lastTable?.from === before) return this.lastTable
		const [table] = await this.readFacts([before])
		return table?.subjects.length === 0 ? undefined : table
	}

	private readFacts(froms: readonly number[]): Promise<FactTable[]> {
		return this.setting.sources.readFacts(this.setting.context, { ...this.key, froms })
	}

	/** Reads the facts of a window together with those of some changed windows after it. */
	private async tableOf(from: number): Promise<FactTable> {
		const known = this.ahead.get(from)
		if (known) {
			this.ahead.delete(from)
			return known
		}
		const next = this.changed.slice(this.changed.indexOf(from), this.changed.indexOf(from) + windowsAhead)
		const [table, ...ahead] = await this.readFacts(next[0] === from ? next : [from])
		this.ahead = new Map(ahead.map((t) => [t.from, t]))
		return table as FactTable
	}

	/** The windows before one, the latest first, as far back as missing facts are looked for. */
	private async *earlierTables(from: number): AsyncGenerator<FactTable> {
		// A series that is evaluated for the first time has nothing before its first window.
		const first = this.record ? Number.NEGATIVE_INFINITY : (this.start ?? from)
		for (let back = 0; back < lookBack[this.key.window]; back++) {
			const at = from - back * windowMs[this.key.window]
			if (at <= first) return
			const table = await this.previousTable(at)
			if (table) yield table
		}
	}

	private ruleContext(table: FactTable): RuleContext {
		const { workingSet, hasBaseline, deployments } = this.setting
		const { version } = this.key
		const { from, to } = table
		return {
			inhibited: (rule) => rule.inhibitedBy.length > 0 && workingSet.isFiring(rule.inhibitedBy, from, to),
			state: windowStates({ version, hasBaseline, baseline: this.baseline, deployments }, table),
		}
	}
}

/** The states of a version in a window, by name: whether it has a baseline and was deployed, and what its baseline says. */
export const windowStates =
	(
		about: Pick<Setting, 'hasBaseline' | 'deployments'> & {
			version: string
			baseline: BaselineFacts | undefined
		},
		{ from, to }: Pick<FactTable, 'from' | 'to'>,
	): RuleContext['state'] =>
	(name, subject) => {
		if (name === 'baseline.missing') return !about.hasBaseline
		if (name === 'deployment.missing') {
			const isDeployed = wasDeployed(about.deployments, about.version, from, to)
			return isDeployed === undefined ? undefined : !isDeployed
		}
		return about.baseline?.get(subject.feature ?? '')?.get(name)
	}

/** The states after the last window that begins at or before `from`. */
const statesAt = (history: readonly StoredStates[], from: number): string =>
	history.findLast((h) => h.from <= from)?.states ?? ''

const sameSubject = (a: Subject, b: Subject): boolean =>
	a.feature === b.feature &&
	a.group === b.group &&
	a.segment?.name === b.segment?.name &&
	a.segment?.value === b.segment?.value
