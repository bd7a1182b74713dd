import { whyUnknown } from './available.ts'
import type { Condition } from './condition.ts'
import type { FactNames } from './facts.ts'
import type { Rule } from './rule-set.ts'
import { boundsOf, type Cases, casesOf, every, whyNever } from './satisfiable.ts'

export type Fault = { message: string; offset?: number; word?: string }
export type Report = (path: readonly (string | number)[], fault: Fault) => void

/** Reports what would keep a rule from ever firing, or an alert of it from ever resolving as it is meant to. */
export function checkRule(rule: Rule, known: FactNames, report: Report): void {
	const conditions: [path: (string | number)[], Condition][] = [[['when'], rule.when]]
	if (rule.clear) conditions.push([['clear'], rule.clear])
	for (const [i, action] of rule.actions.entries())
		if (action.if) conditions.push([['then', i, action.name, 'if'], action.if])
	let isKnown = true
	for (const [path, condition] of conditions)
		for (const name of condition.names) {
			const message = whyNotHere(name, rule, known)
			if (message === undefined) continue
			isKnown = false
			report(path, { message: `${path.at(-1)}: ${message}`, offset: offsetOf(condition, name), word: name })
		}
	const unreported = whyNotHere(rule.metric, rule, known)
	if (unreported !== undefined && isKnown) report(['metric'], { message: `metric: ${unreported}` })
	// Whether it can hold is asked only of a condition whose facts there are.
	if (!isKnown) return
	for (const [path, condition] of conditions) {
		const why = whyNever(casesIn(condition, path[0] === 'then' ? undefined : rule))
		if (why !== undefined) report(path, { message: `${path.at(-1)}: can never hold: ${why}` })
	}
	if (rule.clear) checkClear(rule, rule.clear, report)
}

function whyNotHere(name: string, { each, window, scope }: Rule, known: FactNames): string | undefined {
	const on = known.get(name)?.on
	if ((on === 'clock' || on === 'service') && each !== 'model')
		return `${name} is known of the ${on === 'clock' ? 'model' : 'service'} as a whole. Write each: model`
	return scope === 'window' ? whyUnknown(name, each, window) : undefined
}

const offsetOf = ({ text }: Condition, name: string): number => Math.max(0, text.indexOf(name))

/** In `when` and `clear` the severity is the rule's own. */
function casesIn({ expr, names }: Condition, rule: Rule | undefined, holds = true): Cases | undefined {
	const cases = casesOf(expr, holds)
	if (!rule || !names.includes('severity')) return cases
	return every([cases, [[{ kind: 'text', name: 'severity', isEqual: true, value: rule.severity }]]])
}

const counts = new Set(['n', 'm', 'severity'])

/** `clear` is there for a second threshold: it must not hold while `when` does. */
function checkClear(rule: Rule, clear: Condition, report: Report): void {
	const when = casesIn(rule.when, rule)
	if (whyNever(when) !== undefined || whyNever(casesIn(clear, rule)) !== undefined) return
	const isImplied = whyNever(every([when, casesIn(clear, rule, false)])) !== undefined
	const value = isImplied ? undefined : sharedValue(rule.when, clear, every([when, casesIn(clear, rule)]))
	if (!isImplied && value === undefined) return
	const where = isImplied ? 'whenever `when` does' : `where \`when\` does, such as at ${value}`
	report(['clear'], {
		message: `clear: holds ${where}: the alert would be clear while it fires. Name a value on the other side of \`when\``,
	})
}

/** Both name one fact alone, and hold at some values of it: `name = value` for one of these. */
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
