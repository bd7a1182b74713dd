import type { Context } from '../../context.ts'
import { dayMs, type WindowSize, windowMs } from '../../core/time.ts'
import type { Change } from '../../db/commit.ts'
import { type DeploymentHistory, wasDeployed } from '../../registry/deployment/get-deployment.ts'
import { type AlertEvent, evaluate, markLost, type Surroundings } from '../../rules/evaluate.ts'
import type { FactTable, Subject } from '../../rules/facts.ts'
import type { Rule } from '../../rules/rule-set.ts'
import { packStates, type States, unpackStates, withState } from '../../rules/states.ts'
import type { AlertWorkingSet } from './alert-working-set.ts'
import {
	readHistory,
	type SeriesKey,
	type SeriesRecord,
	seriesChange,
	stateChanges,
} from './series-record.ts'
import type { BaselineFacts, Sources } from './sources.ts'

/** What judging needs to know of a model besides the facts of a window. */
export type Setting = {
	context: Context
	sources: Sources
	/** Of the window size, in order, and about this model. */
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

// A night, a week or a month: windows of few rows lie between those that say something.
const lookBack: Record<WindowSize, number> = { '1h': 24, '1d': 7, '7d': 4 }

/** Windows that are read at once. */
const windowsAhead = 24

const ofFeature = /^baseline\.\w+_rate$/

/** One series while its windows are judged, in time order; late windows first rewind it. */
export class RuleEvaluator {
	readonly key: SeriesKey & { window: WindowSize }
	private readonly setting: Setting
	private readonly record: SeriesRecord | undefined
	private states: States
	private lastFrom: number | undefined
	private lastTable: FactTable | undefined
	private start: number | undefined
	private readonly history: { from: number; states: string }[] = []
	/** What the states were before this run, by window; only while windows are judged again. */
	private old: { from: number; states: string }[] = []
	private baseline: BaselineFacts | undefined
	/** When the changed windows begin, in order; and tables of some that come next. */
	private changed: readonly number[] = []
	private ahead = new Map<number, FactTable>()

	constructor(key: SeriesKey & { window: WindowSize }, record: SeriesRecord | undefined, setting: Setting) {
		this.key = key
		this.record = record
		this.setting = setting
		this.states = unpackStates(record?.states ?? '')
		this.lastFrom = record?.lastFrom
	}

	/**
	 * The windows to judge for these changed ones: from the first of them on, every one that was judged before.
	 * Goes back to the states before the first.
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
			const history = await readHistory(context, this.key, first)
			this.old = history
			this.states = unpackStates(statesAt(history, first - 1))
			workingSet.rewind(this.key, first, names)
			for (let from = first; from <= this.lastFrom; from += windowMs[this.key.window])
				if (!windows.has(from)) windows.set(from, false)
		}
		return [...windows].sort((a, b) => a[0] - b[0]).map(([from, isChanged]) => ({ from, changed: isChanged }))
	}

	/** Judges one window. Answers how many rows it had; undefined when there is nothing computed of it. */
	async evaluate(from: number, changed: boolean): Promise<number | undefined> {
		// The same facts on the same states: what was said of this window stands.
		if (!changed && this.converged(from)) return this.skip(from)
		const table = await this.tableOf(from)
		if (table.subjects.length === 0) return undefined
		const around = this.surroundings(table)
		const result = evaluate(this.setting.rules, table, this.states, around)
		let states = await markLost(result.states, result.lost, from, this.earlierTables(from), around)
		for (const event of result.events) states = await this.record_(event, states)
		this.setStates(states, from)
		this.lastTable = table
		this.lastFrom = Math.max(this.lastFrom ?? from, from)
		return (
			table.subjects.find((s) => s.feature === undefined && s.segment === undefined && s.group === undefined)
				?.n ?? 0
		)
	}

	/** Whether anything but `lastFrom` changed. */
	get isQuiet(): boolean {
		return this.history.length === 0 && this.old.length === 0
	}

	get progress(): { key: SeriesKey; lastFrom: number; revision: number } | undefined {
		return this.lastFrom === undefined
			? undefined
			: { key: this.key, lastFrom: this.lastFrom, revision: this.record?.revision ?? 0 }
	}

	changes(): Change[] {
		const { progress } = this
		if (!progress) return []
		const own = this.isQuiet ? [] : stateChanges(this.key, this.start ?? 0, this.history, keepMs)
		return [...own, seriesChange(progress.key, progress.lastFrom, progress.revision)]
	}

	private converged(from: number): boolean {
		return packStates(this.states) === statesAt(this.old, from - 1)
	}

	private skip(from: number): undefined {
		const { workingSet } = this.setting
		this.setStates(unpackStates(statesAt(this.old, from)), from)
		workingSet.confirm(this.key, from)
	}

	private setStates(states: States, from: number): void {
		const packed = packStates(states)
		if (packed !== packStates(this.states)) this.history.push({ from, states: packed })
		this.states = states
	}

	/** Enters an event in the book; a firing state then names its alert. */
	private async record_(event: AlertEvent, states: States): Promise<States> {
		const { workingSet, digest } = this.setting
		if (event.kind === 'resolved') {
			workingSet.resolved(event.state.alert, event)
			return states
		}
		const known = event.state.alert === undefined ? undefined : workingSet.alerts.get(event.state.alert)
		if (event.kind === 'firing' && known) {
			workingSet.hold(known, event)
			return states
		}
		const before = await this.valueBefore(event)
		const { row } = workingSet.fired(this.key, { ...event, before, digest })
		return withState(states, event.rule.name, event.key, { ...event.state, alert: row.id })
	}

	/** The reported fact in the window before the one in which it began. */
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

	/** Reads a window with some of those that are judged after it. */
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

	/** The windows before one, the latest first, as far back as a loss is looked for. */
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

	private surroundings({ from, to }: FactTable): Surroundings {
		const { workingSet, hasBaseline, deployments } = this.setting
		return {
			inhibited: (rule) => rule.inhibitedBy.length > 0 && workingSet.isFiring(rule.inhibitedBy, from, to),
			state: (name, subject) => {
				if (name === 'baseline.missing') return !hasBaseline
				if (name === 'deployment.missing') {
					const isDeployed = wasDeployed(deployments, this.key.version, from, to)
					return isDeployed === undefined ? undefined : !isDeployed
				}
				return this.baseline?.get(subject.feature ?? '')?.get(name)
			},
		}
	}
}

/** The states after the last window that begins at or before `from`. */
const statesAt = (history: readonly { from: number; states: string }[], from: number): string =>
	history.findLast((h) => h.from <= from)?.states ?? ''

const sameSubject = (a: Subject, b: Subject): boolean =>
	a.feature === b.feature &&
	a.group === b.group &&
	a.segment?.name === b.segment?.name &&
	a.segment?.value === b.segment?.value
