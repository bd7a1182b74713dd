import type { WindowSize } from '../core/time.ts'
import type { ActionUse } from './action-options.ts'
import type { Condition } from './condition.ts'

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
