import { matchesGlob } from '../core/glob.ts'
import type { SubjectFacts } from './facts.ts'
import type { Rule } from './rule-set.ts'

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
