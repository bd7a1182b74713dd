import { matchesGlob } from '../core/glob.ts'
import type { WindowSize } from '../core/time.ts'
import type { Condition } from './condition.ts'
import type { SubjectFacts } from './facts.ts'

export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/** What a rule has one alert for: the model as a whole, or each feature, segment value or group. */
export const eachOf = ['model', 'feature', 'segment', 'group'] as const
export type Each = (typeof eachOf)[number]

export const actionNames = ['open-incident', 'notify', 'request-retraining', 'propose-rollback'] as const
export type ActionName = (typeof actionNames)[number]

/** One action of a rule, ready to run. */
export type ActionUse = { name: ActionName; channel?: string; afterMs: number; if: Condition | undefined }

/** A rule as it is evaluated: defaults filled in, conditions compiled. */
export type Rule = {
	name: string
	about: string
	/** What happened, in words that follow the subject's name: "drifted from the baseline". */
	title: string
	/** Globs of names, and tags of which one must match; empty matches every model. */
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
	/** How long the facts of a subject that had them may be unknown before `no-data`; undefined: no limit. */
	noDataMs: number | undefined
	/** The fact that an alert reports. */
	metric: string
	severity: Severity
	inhibitedBy: readonly string[]
	actions: readonly ActionUse[]
	/** What it is evaluated on: `window`, each closed window; `clock`, the state of a model now; `service`, of the service. */
	scope: 'window' | 'clock' | 'service'
	file: string
	line: number
}

/** Validated as a whole. `digest` is the SHA-256 of the canonical content: it changes with the rules, not with their layout. */
export type RuleSet = {
	digest: string
	content: string
	rules: readonly Rule[]
	/** Packaged rules that do not apply although no file disables them: no file says `extends`. */
	leftOut?: readonly string[]
}

/** The model name of alerts about the service itself. */
export const serviceModel = '$service'

/** The name of the built-in rule for facts that are missing for too long. */
export const noDataRule = 'no-data'

export const worst = (a: Severity, b: Severity): Severity =>
	severities.indexOf(a) >= severities.indexOf(b) ? a : b

/** The model and environment that the facts are about. */
export type RuleTarget = { model: string; tags: readonly string[]; environment: string }

const any = (globs: readonly string[], name: string): boolean =>
	globs.some((glob) => glob === '*' || matchesGlob(glob, name))

/** Whether the rule is about this model and environment. */
export function appliesTo(rule: Rule, { model, tags, environment }: RuleTarget): boolean {
	if (!any(rule.environments, environment)) return false
	const { names, tags: wanted } = rule.models
	if (names.length > 0 && !any(names, model)) return false
	return wanted.length === 0 || wanted.some((tag) => tags.includes(tag))
}

// Globs are matched once for each feature of a rule, not once for each window.
const coveredFeatures = new WeakMap<Rule, Map<string, boolean>>()

function coversFeature(rule: Rule, feature: string): boolean {
	let known = coveredFeatures.get(rule)
	if (!known) {
		known = new Map()
		coveredFeatures.set(rule, known)
	}
	let covers = known.get(feature)
	if (covers === undefined) {
		covers = rule.features.length === 0 ? !feature.startsWith('$') : any(rule.features, feature)
		known.set(feature, covers)
	}
	return covers
}

/** Whether the rule has an alert for this subject. */
export function coversSubject(rule: Rule, { feature, segment, group }: SubjectFacts): boolean {
	if (rule.each === 'segment')
		return (
			segment !== undefined && group === undefined && (feature === undefined || coversFeature(rule, feature))
		)
	if (rule.each === 'group')
		return group !== undefined && (feature === undefined || coversFeature(rule, feature))
	if (segment !== undefined || group !== undefined) return false
	if (rule.each === 'model') return feature === undefined
	return feature !== undefined && coversFeature(rule, feature)
}
