import { nearest } from '../core/nearest.ts'
import { dayMs, parseDuration, type WindowSize } from '../core/time.ts'
import { whyUnavailable } from './available.ts'
import { type Condition, ConditionError, compileCondition } from './condition.ts'
import type { FactNames } from './facts.ts'
import type { ActionName, ActionUse, Rule } from './rule-set.ts'
import { boundsOf, type Cases, casesOf, every, whyNever } from './satisfiable.ts'
import type { RuleInput } from './schema.ts'

// Long enough for a weekend and a holiday.
const noDataMs: Record<WindowSize, number> = { '1h': 7 * dayMs, '1d': 7 * dayMs, '7d': 28 * dayMs }

// Outcomes arrive late, and some windows never have enough of them: a metric reports that, not an alert.
const restsOnOutcomes = /^(performance|estimated|fairness|concept)\./

const defaultNoDataMs = (window: WindowSize, { names }: Condition): number | undefined =>
	names.some((name) => restsOnOutcomes.test(name)) ? undefined : noDataMs[window]

const list = (value: string | readonly string[] | undefined): readonly string[] =>
	value === undefined ? [] : typeof value === 'string' ? [value] : value

/** Builds a rule from its text. Returns nothing after reporting what is wrong. */
export function buildRule(
	input: RuleInput,
	known: FactNames,
	place: { file: string; line: number },
	report: Report,
): Rule[] {
	const compile = (text: string, path: readonly (string | number)[]) =>
		compileOrReport(text, known, path, report)
	const when = compile(input.when, ['when'])
	const clear = input.clear === undefined ? undefined : compile(input.clear, ['clear'])
	const actions = input.then.map((action, i) =>
		buildAction(action, (text, name) => compile(text, ['then', i, name, 'if'])),
	)
	if (!when || (input.clear !== undefined && !clear) || actions.includes(undefined)) return []
	const scope = scopeOf([when, clear], known, report)
	const metric = input.metric ?? reported(when)
	if (!known.has(metric)) {
		const near = nearest(metric, known.keys())
		report(['metric'], {
			message: `metric: unknown metric ${JSON.stringify(metric)}.${near ? ` Did you mean ${near}?` : ''}`,
		})
		return []
	}
	if (scope === undefined) return []
	const models =
		typeof input.models === 'string' || Array.isArray(input.models) ? { names: input.models } : input.models
	const rule: Rule = {
		...place,
		name: input.name,
		about: input.about,
		title: input.title ?? input.name.replaceAll('-', ' '),
		models: { names: list(models.names), tags: 'tags' in models ? (models.tags ?? []) : [] },
		environments: list(input.environments),
		each: input.each,
		features: list(input.features),
		window: input.window,
		when,
		clear,
		for: input.for,
		keep: input.keep,
		noDataMs:
			input.no_data === 'never'
				? undefined
				: input.no_data === undefined
					? defaultNoDataMs(input.window, when)
					: parseDuration(input.no_data),
		metric,
		severity: input.severity,
		inhibitedBy: input.inhibited_by,
		actions: actions as ActionUse[],
		scope,
	}
	checkRule(rule, known, report)
	return [rule]
}

function compileOrReport(
	text: string,
	known: FactNames,
	path: readonly (string | number)[],
	report: Report,
): Condition | undefined {
	try {
		return compileCondition(text, known)
	} catch (error) {
		if (!(error instanceof ConditionError)) throw error
		const { message, offset, word } = error
		report(path, { message: `${path.at(-1)}: ${message}`, offset, word })
		return undefined
	}
}

type ActionInput = RuleInput['then'][number]

/** Undefined when its condition is invalid. */
function buildAction(
	input: ActionInput,
	compile: (text: string, name: string) => Condition | undefined,
): ActionUse | undefined {
	const name = (typeof input === 'string' ? input : Object.keys(input)[0]) as ActionName
	const options = (typeof input === 'string' ? {} : Object.values(input)[0]) as {
		channel?: string
		after?: string
		if?: string
	}
	const condition = options.if === undefined ? undefined : compile(options.if, name)
	if (options.if !== undefined && !condition) return undefined
	const afterMs = options.after === undefined ? 0 : (parseDuration(options.after) ?? 0)
	return {
		name,
		afterMs,
		if: condition,
		...(options.channel === undefined ? {} : { channel: options.channel }),
	}
}

const counts = new Set(['n', 'm', 'severity'])
const reported = (when: Condition): string =>
	when.names.find((name) => !counts.has(name)) ?? when.names[0] ?? 'n'

/** Facts of windows, of the clock and of the service cannot be combined in one rule; `inhibited_by` connects such rules. */
function scopeOf(
	conditions: readonly (Condition | undefined)[],
	known: FactNames,
	report: Report,
): Rule['scope'] | undefined {
	const kinds = new Map<string, string>()
	const names = conditions.flatMap((c) => c?.names ?? [])
	for (const name of names) kinds.set(known.get(name)?.on ?? 'any', name)
	kinds.delete('any')
	const [first, second] = kinds.values()
	if (first !== undefined && second !== undefined) {
		const message = `when: ${first} and ${second} are evaluated at different times and cannot be in one rule. Write two rules and connect them with inhibited_by`
		report(['when'], { message })
		return undefined
	}
	if (kinds.has('service')) return 'service'
	if (kinds.has('window')) return 'window'
	return 'clock'
}

export type Fault = { message: string; offset?: number; word?: string }
export type Report = (path: readonly (string | number)[], fault: Fault) => void

/** Reports what would keep a rule from ever firing, or its alerts from resolving as intended. */
export function checkRule(rule: Rule, known: FactNames, report: Report): void {
	const conditions: [path: (string | number)[], Condition][] = [[['when'], rule.when]]
	if (rule.clear) conditions.push([['clear'], rule.clear])
	for (const [i, action] of rule.actions.entries())
		if (action.if) conditions.push([['then', i, action.name, 'if'], action.if])
	let isAvailable = true
	for (const [path, condition] of conditions)
		for (const name of condition.names) {
			const message = whyNotHere(name, rule, known)
			if (message === undefined) continue
			isAvailable = false
			report(path, { message: `${path.at(-1)}: ${message}`, offset: offsetOf(condition, name), word: name })
		}
	const unreported = whyNotHere(rule.metric, rule, known)
	if (unreported !== undefined && isAvailable) report(['metric'], { message: `metric: ${unreported}` })
	// Conditions whose facts do not exist are not analysed.
	if (!isAvailable) return
	for (const [path, condition] of conditions) {
		const why = whyNever(casesIn(condition, path[0] === 'then' ? undefined : rule))
		if (why !== undefined) report(path, { message: `${path.at(-1)}: can never be true: ${why}` })
	}
	if (rule.clear) checkClear(rule, rule.clear, report)
}

function whyNotHere(name: string, { each, window, scope }: Rule, known: FactNames): string | undefined {
	const on = known.get(name)?.on
	if ((on === 'clock' || on === 'service') && each !== 'model')
		return `${name} is a state of the whole ${on === 'clock' ? 'model' : 'service'}. Use each: model`
	return scope === 'window' ? whyUnavailable(name, each, window) : undefined
}

const offsetOf = ({ text }: Condition, name: string): number => Math.max(0, text.indexOf(name))

/** In `when` and `clear` the severity is the rule's own. */
function casesIn({ expr, names }: Condition, rule: Rule | undefined, holds = true): Cases | undefined {
	const cases = casesOf(expr, holds)
	if (!rule || !names.includes('severity')) return cases
	return every([cases, [[{ kind: 'text', name: 'severity', isEqual: true, value: rule.severity }]]])
}

/** `clear` is a second threshold: it must not be true while `when` is. */
function checkClear(rule: Rule, clear: Condition, report: Report): void {
	const when = casesIn(rule.when, rule)
	if (whyNever(when) !== undefined || whyNever(casesIn(clear, rule)) !== undefined) return
	const isImplied = whyNever(every([when, casesIn(clear, rule, false)])) !== undefined
	const value = isImplied ? undefined : sharedValue(rule.when, clear, every([when, casesIn(clear, rule)]))
	if (!isImplied && value === undefined) return
	const where = isImplied ? 'whenever `when` is' : `where \`when\` is, for example at ${value}`
	report(['clear'], {
		message: `clear: is true ${where}, so the alert would resolve while it fires. Choose a value on the other side of \`when\``,
	})
}

/** If both conditions name the same single fact: `name = value` for a value at which both are true. */
function sharedValue(when: Condition, clear: Condition, both: Cases | undefined): string | undefined {
	const names = new Set([...when.names, ...clear.names].filter((name) => !counts.has(name)))
	const [name, ...more] = names
	if (name === undefined || more.length > 0 || !clear.names.includes(name)) return undefined
	for (const one of both ?? []) {
		const bounds = one.some((atom) => atom.kind === 'other') ? undefined : boundsOf(one)
		const of = bounds instanceof Map ? bounds.get(name) : undefined
		if (!of || !(of.low < of.high)) continue
		const middle = (of.low + of.high) / 2
		return `${name} = ${Number((Number.isFinite(middle) ? middle : Number.isFinite(of.low) ? of.low + 1 : of.high - 1).toPrecision(3))}`
	}
	return undefined
}
