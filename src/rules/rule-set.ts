import { matchesGlob } from '../core/glob.ts'
import type { WindowSize } from '../core/time.ts'
import type { Condition } from './condition.ts'
import type { SubjectFacts } from './facts.ts'
import type { ActionUse } from './schema.ts'

export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/** What there is one alert for: the model as a whole, or each feature, segment value or group that the facts tell apart. */
export const eachOf = ['model', 'feature', 'segment', 'group'] as const
export type Each = (typeof eachOf)[number]

/** A rule as it is judged: defaults filled in, conditions compiled. */
export type Rule = {
	name: string
	about: string
	/** What happened, in words that follow the subject's name: "drifted from the baseline". */
	title: string
	/** Globs of names, or tags of which one is enough; with neither, every model. */
	models: { names: readonly string[]; tags: readonly string[] }
	environments: readonly string[]
	each: Each
	/** Globs; empty means every feature but `$score` and `$decision`. */
	features: readonly string[]
	window: WindowSize
	when: Condition
	/** Undefined: the opposite of `when`. */
	clear: Condition | undefined
	for: number
	keep: number
	/** How long the facts of a subject that once had them may be unknown before `no-data`; undefined: for ever. */
	noDataMs: number | undefined
	/** The fact that an alert reports. */
	metric: string
	severity: Severity
	inhibitedBy: readonly string[]
	actions: readonly ActionUse[]
	/** `window`: judged on each closed window; `clock`: on the state of things now, a model; `service`: on the service itself. */
	scope: 'window' | 'clock' | 'service'
	file: string
	line: number
}

/** Validated as a whole. `digest` is SHA-256 of the canonical content, so it changes with what the rules say, not with layout. */
export type RuleSet = {
	digest: string
	content: string
	rules: readonly Rule[]
	/** Packaged rules that do not apply although no file disables them: a folder replaces them unless it extends them. */
	leftOut?: readonly string[]
}

/** The model name of alerts about the service itself. */
export const serviceModel = '$service'

/** The name of the built-in alert for facts that stayed away too long. */
export const noDataRule = 'no-data'

export const worst = (a: Severity, b: Severity): Severity =>
	severities.indexOf(a) >= severities.indexOf(b) ? a : b

/** Which model, in which environment, the facts are about. */
export type Place = { model: string; tags: readonly string[]; environment: string }

const any = (globs: readonly string[], name: string): boolean =>
	globs.some((glob) => glob === '*' || matchesGlob(glob, name))

/** Whether the rule is about this model at all. */
export function appliesTo(rule: Rule, { model, tags, environment }: Place): boolean {
	if (!any(rule.environments, environment)) return false
	const { names, tags: wanted } = rule.models
	if (names.length > 0 && !any(names, model)) return false
	return wanted.length === 0 || wanted.some((tag) => tags.includes(tag))
}

// Globs are matched once for each feature of a rule, not once for each window.
const verdicts = new WeakMap<Rule, Map<string, boolean>>()

function takesFeature(rule: Rule, feature: string): boolean {
	let known = verdicts.get(rule)
	if (!known) {
		known = new Map()
		verdicts.set(rule, known)
	}
	let takes = known.get(feature)
	if (takes === undefined) {
		takes = rule.features.length === 0 ? !feature.startsWith('$') : any(rule.features, feature)
		known.set(feature, takes)
	}
	return takes
}

/** Whether the subject is one of those that the rule has an alert each for. */
export function coversSubject(rule: Rule, { feature, segment, group }: SubjectFacts): boolean {
	if (rule.each === 'segment')
		return (
			segment !== undefined && group === undefined && (feature === undefined || takesFeature(rule, feature))
		)
	if (rule.each === 'group')
		return group !== undefined && (feature === undefined || takesFeature(rule, feature))
	if (segment !== undefined || group !== undefined) return false
	if (rule.each === 'model') return feature === undefined
	return feature !== undefined && takesFeature(rule, feature)
}
