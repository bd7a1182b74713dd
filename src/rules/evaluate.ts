import { windowMs, windowStart } from '../core/time.ts'
import { minRows } from '../metrics/compare.ts'
import {
	type FactTable,
	type FactValue,
	type Lookup,
	parseKey,
	type Subject,
	type SubjectFacts,
	subjectKey,
} from './facts.ts'
import { coversSubject, noDataRule, type Rule } from './rule-set.ts'
import { noStates, type RuleStates, type States } from './states.ts'
import { type Moment, type RuleStatus, type SubjectState, step, unknownSince } from './step.ts'

export type AlertEvent = {
	kind: 'fired' | 'firing' | 'resolved'
	rule: Rule
	key: string
	subject: Subject
	/** The state after the event; before it, when resolved. */
	state: SubjectState
	/** The reported fact; undefined when it is not known. */
	value: number | undefined
	facts: Lookup
	from: number
	to: number
}

export type Evaluation = {
	states: States
	events: AlertEvent[]
	/** Subjects without a state whose condition is unknown: `markUnknown` looks for their facts in earlier windows. */
	unknown: Unknown[]
}

/** A subject for which a rule's condition is unknown, and the facts that are missing. */
export type Unknown = { rule: Rule; subject: SubjectFacts; key: string; missing: readonly string[] }

/** What conditions can depend on besides the facts of the window. */
export type RuleContext = {
	/** Whether a rule that inhibits this one was firing at any time of the window. */
	inhibited(rule: Rule): boolean
	/** States that are not metrics, such as `baseline.missing`, or `baseline.null_rate` of a feature. */
	state(name: string, subject: Subject): FactValue | undefined
}

/**
 * Evaluates the rules for one window: facts and the states before it in, states after it and events out. Pure.
 * `rules` apply to the model and the window's size, and each comes after those that inhibit it.
 */
export function evaluate(
	rules: readonly Rule[],
	table: FactTable,
	before: States,
	ruleContext: RuleContext,
): Evaluation {
	const result: Evaluation = { states: noStates, events: [], unknown: [] }
	const lookups = lookupsOf(table, ruleContext)
	const after = new Map<string, Map<string, SubjectState>>()
	// What fires in this window inhibits too; `ruleContext` does not have it yet.
	const firesNow = (name: string) => result.events.some((e) => e.kind !== 'resolved' && e.rule.name === name)
	for (const rule of rules) {
		// While inhibited, a rule neither fires nor resolves, and its facts do not count as missing.
		const states =
			ruleContext.inhibited(rule) || rule.inhibitedBy.some(firesNow)
				? new Map(before.get(rule.name))
				: evaluateRule(rule, table, before.get(rule.name), lookups, result)
		if (states.size > 0) after.set(rule.name, states)
	}
	evaluateNoData(rules, table, before, after, result)
	result.states = after
	return result
}

export type Evaluated = { subject: SubjectFacts; key: string; lookup: Lookup }

export function lookupsOf(table: FactTable, ruleContext: RuleContext): Evaluated[] {
	const whole = table.subjects.find(
		(s) => s.feature === undefined && s.segment === undefined && s.group === undefined,
	)
	return table.subjects.map((subject) => ({
		subject,
		key: subjectKey(subject),
		lookup: lookupOf(subject, whole, ruleContext),
	}))
}

/** Looks up a fact of the subject, then of the model as a whole, then a state. */
const lookupOf =
	(subject: SubjectFacts, whole: SubjectFacts | undefined, ruleContext: RuleContext): Lookup =>
	(name) =>
		name === 'n'
			? subject.n
			: name === 'm'
				? subject.m
				: (subject.facts.get(name) ?? whole?.facts.get(name) ?? ruleContext.state(name, subject))

const withSeverity = (rule: Rule, lookup: Lookup): Lookup =>
	rule.when.names.includes('severity') || rule.clear?.names.includes('severity')
		? (name) => (name === 'severity' ? rule.severity : lookup(name))
		: lookup

export function statusOf(rule: Rule, facts: Lookup): RuleStatus {
	const lookup = withSeverity(rule, facts)
	const when = rule.when.test(lookup)
	return { when, clear: rule.clear ? rule.clear.test(lookup) : when === undefined ? undefined : !when }
}

function evaluateRule(
	rule: Rule,
	table: FactTable,
	before: RuleStates | undefined,
	evaluated: readonly Evaluated[],
	result: Evaluation,
): Map<string, SubjectState> {
	const after = new Map<string, SubjectState>()
	const at = momentOf(rule, table)
	const absent = new Map(before)
	for (const { subject, key, lookup } of evaluated) {
		if (!coversSubject(rule, subject)) continue
		absent.delete(key)
		const status = statusOf(rule, lookup)
		const state = before?.get(key)
		if (status.when === undefined && state === undefined) {
			result.unknown.push({ rule, subject, key, missing: missingFacts(rule, lookup) })
			continue
		}
		// The usual case.
		if (status.when === false && state === undefined) continue
		// The known facts can decide alone, for example when there are too few rows: the others stay missing.
		if (status.when === false && isUnknown(state) && missingFacts(rule, lookup).length > 0) {
			after.set(key, state)
			continue
		}
		const next = step(state, status, rule, at)
		if (next.state) after.set(key, next.state)
		const kind = next.event ?? (next.state?.status === 'firing' ? 'firing' : undefined)
		if (kind)
			result.events.push(
				eventOf(kind, rule, key, subject, (next.state ?? state) as SubjectState, lookup, table),
			)
	}
	// A subject that is not in the window is unknown.
	for (const [key, state] of absent) {
		const next = step(state, { when: undefined, clear: undefined }, rule, at)
		if (next.state) after.set(key, next.state)
	}
	return after
}

const missingFacts = (rule: Rule, lookup: Lookup): string[] =>
	rule.when.names.filter((name) => name !== 'severity' && lookup(name) === undefined)

const isUnknown = (state: SubjectState | undefined): state is SubjectState =>
	state?.status === 'unknown' || state?.status === 'never'

const momentOf = (rule: Rule, { from }: FactTable): Moment => ({
	from,
	windowMs: windowMs[rule.window],
	...(rule.scope === 'window' ? {} : { slot: windowStart(rule.window, from) }),
})

function eventOf(
	kind: AlertEvent['kind'],
	rule: Rule,
	key: string,
	of: Subject,
	state: SubjectState,
	facts: Lookup,
	table: FactTable,
): AlertEvent {
	const value = facts(rule.metric)
	const subject = subjectOf(of)
	return {
		kind,
		rule,
		key,
		subject,
		state,
		value: typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : undefined,
		facts,
		from: table.from,
		to: table.to,
	}
}

const subjectOf = ({ feature, segment, group }: Subject): Subject => ({
	...(feature === undefined ? {} : { feature }),
	...(segment === undefined ? {} : { segment }),
	...(group === undefined ? {} : { group }),
})

/** The built-in alert: one for each subject, however many rules miss its facts. */
function evaluateNoData(
	rules: readonly Rule[],
	table: FactTable,
	before: States,
	after: Map<string, Map<string, SubjectState>>,
	result: Evaluation,
): void {
	const overdue = new Map<string, Rule>()
	for (const rule of rules) {
		if (rule.noDataMs === undefined) continue
		for (const [key, state] of after.get(rule.name) ?? []) {
			const since = unknownSince(state)
			if (since !== undefined && table.from - since >= rule.noDataMs) overdue.set(key, rule)
		}
	}
	const known = before.get(noDataRule)
	if (overdue.size === 0 && !known) return
	const states = new Map<string, SubjectState>()
	for (const key of new Set([...overdue.keys(), ...(known?.keys() ?? [])])) {
		const cause = overdue.get(key)
		const rule = noData(cause ?? rules[0])
		if (!rule) continue
		const next = step(
			known?.get(key),
			{ when: cause !== undefined, clear: cause === undefined },
			rule,
			momentOf(rule, table),
		)
		if (next.state) states.set(key, next.state)
		const kind = next.event ?? (next.state ? 'firing' : undefined)
		const subject = table.subjects.find((s) => subjectKey(s) === key) ?? parseKey(key)
		if (kind)
			result.events.push(
				eventOf(
					kind,
					rule,
					key,
					subject,
					(next.state ?? known?.get(key)) as SubjectState,
					() => undefined,
					table,
				),
			)
	}
	if (states.size > 0) after.set(noDataRule, states)
}

/** The built-in rule, as it applies to a subject whose facts `cause` misses. */
function noData(cause: Rule | undefined): Rule | undefined {
	if (!cause) return undefined
	return {
		...cause,
		name: noDataRule,
		about: `The facts that ${cause.name} evaluates have been missing for too long. That is not the same as being fine.`,
		title: `has had no ${cause.metric} for too long`,
		clear: undefined,
		for: 1,
		keep: 1,
		severity: 'warning',
		inhibitedBy: [],
		actions: [{ name: 'open-incident', afterMs: 0, if: undefined }],
	}
}

/** A fact counts as missing only if it was known in this many earlier windows with enough rows: one may be chance. */
const windowsBefore = 2

/**
 * Gives each unknown subject a state: `unknown` if a missing fact was known in the last windows with enough rows, else
 * `never`. Windows with few rows are skipped. `earlier` reads the windows before this one, the latest first.
 */
export async function markUnknown(
	states: States,
	subjects: readonly Unknown[],
	from: number,
	earlier: AsyncIterable<FactTable>,
	ruleContext: RuleContext,
): Promise<States> {
	const open = new Map(subjects.filter(({ subject }) => subject.n >= minRows).map((u) => [u, 0]))
	if (open.size === 0) return states
	const canBeMissing = [...open.keys()].some(({ rule }) => rule.noDataMs !== undefined)
	const after = new Map([...states].map(([name, of]) => [name, new Map(of)]))
	const mark = (unknown: Unknown, status: 'unknown' | 'never') => {
		const of = after.get(unknown.rule.name) ?? new Map<string, SubjectState>()
		after.set(unknown.rule.name, of.set(unknown.key, { status, since: from, count: 0, clear: 0 }))
		open.delete(unknown)
	}
	for await (const table of canBeMissing ? earlier : []) {
		const evaluated = new Map(lookupsOf(table, ruleContext).map((e) => [e.key, e]))
		for (const [unknown, seen] of open) {
			const before = evaluated.get(unknown.key)
			if (!before || before.subject.n < minRows) continue
			if (!unknown.missing.some((name) => before.lookup(name) !== undefined)) mark(unknown, 'never')
			else if (seen + 1 >= windowsBefore) mark(unknown, 'unknown')
			else open.set(unknown, seen + 1)
		}
		if (open.size === 0) break
	}
	for (const [unknown, seen] of [...open]) mark(unknown, seen > 0 ? 'unknown' : 'never')
	return after
}
