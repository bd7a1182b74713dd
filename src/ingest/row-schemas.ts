import { predictionKey, type RowKind, subjectKey } from '../log/row-kinds.ts'
import type { RowInput } from '../summaries/inputs/batch-builder.ts'
import {
	checkFeatures,
	checkLabel,
	checkNames,
	type JsonObject,
	optionalId,
	optionalNumber,
	optionalNumbers,
	RowRejected,
	type RowRules,
	refuseUnknown,
	requireId,
	requireMembers,
	requireObject,
	requireTime,
	type ValidateRow,
} from './validate-row.ts'

const predictionMembers = [
	'predictionId', 'version', 'timestamp', 'features', 'score', 'label', 'probabilities',
	'segment', 'subject', 'attributions', 'latencyMs', 'environment',
] // biome-ignore format: a list to be read at a glance

export const defaultEnvironment = 'production'

/** A prediction row of the contract; throws RowRejected. */
function validatePrediction(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, predictionMembers)
	const { limits } = rules
	const id = requireId(row, 'predictionId', limits)
	const version = requireId(row, 'version', limits)
	if (!rules.versions.has(version))
		throw new RowRejected('unknown-version', 'version', `"${version}" is not registered; register it first`)
	const latencyMs = optionalNumber(row, 'latencyMs')
	if (latencyMs !== undefined && latencyMs < 0)
		throw new RowRejected('invalid', 'latencyMs', `is ${latencyMs}; send milliseconds, not below 0`)
	return {
		id,
		version,
		timestamp: requireTime(row, rules),
		environment: optionalId(row, 'environment', limits) ?? defaultEnvironment,
		subject: optionalId(row, 'subject', limits),
		features: checkFeatures(row.features, limits, (name) => isNumeric(rules, name, version)),
		score: optionalNumber(row, 'score'),
		label: checkLabel(row.label, 'label', limits, rules.areLabelsNumbers),
		latencyMs,
		extra: extraOf(row, rules),
		segment: checkSegment(row, rules),
	}
}

function extraOf(row: JsonObject, { limits }: RowRules): string | undefined {
	const probabilities = optionalNumbers(row, 'probabilities', limits)
	const attributions = optionalNumbers(row, 'attributions', limits)
	if (!probabilities && !attributions) return undefined
	return JSON.stringify({ probabilities, attributions }).toWellFormed()
}

const checkSegment = ({ segment }: JsonObject, { limits }: RowRules): JsonObject | undefined =>
	segment === undefined || segment === null
		? undefined
		: checkNames(segment, 'segment', 'segment name to value', limits)

/** Whether a feature is a number to a version; without one, to any. */
function isNumeric({ numericFeatures }: RowRules, name: string, version?: string): boolean {
	if (version !== undefined) return numericFeatures?.get(version)?.has(name) ?? false
	return [...(numericFeatures?.values() ?? [])].some((names) => names.has(name))
}

/** A feature log: keyed by prediction, or by subject and time. */
function validateFeatureLog(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'subject', 'timestamp', 'features'])
	const id = keyOf(row, rules)
	const named = requireMembers(row.features, 'features', 'feature name to value')
	const features = checkFeatures(named, rules.limits, (name) => isNumeric(rules, name))
	return { id, timestamp: requireTime(row, rules), features }
}

/** What a row names: a prediction, or a subject. */
function keyOf(row: JsonObject, rules: RowRules): string {
	const predictionId = optionalId(row, 'predictionId', rules.limits)
	const subject = optionalId(row, 'subject', rules.limits)
	if ((predictionId === undefined) === (subject === undefined))
		throw new RowRejected('invalid', 'predictionId', 'exactly one of predictionId and subject')
	return predictionId === undefined ? subjectKey(subject as string) : predictionKey(predictionId)
}

/** Values of sensitive attributes that are no features: keyed by prediction, or by subject. */
function validateGroups(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'subject', 'timestamp', 'groups'])
	const groups = checkNames(row.groups, 'groups', 'attribute name to value', rules.limits)
	return { id: keyOf(row, rules), timestamp: requireTime(row, rules), features: groups }
}

const notObserved = JSON.stringify({ observed: false })

/** An outcome. `observed: false` says that it never can be known (a rejected applicant); then `actual` may be absent. */
function validateOutcome(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'actual', 'timestamp', 'observed'])
	if (row.observed !== undefined && typeof row.observed !== 'boolean')
		throw new RowRejected('invalid', 'observed', 'true or false')
	const actual = checkLabel(row.actual, 'actual', rules.limits, rules.areLabelsNumbers)
	if (row.observed !== false && (actual === undefined || actual === null))
		throw new RowRejected('invalid', 'actual', 'required, unless observed is false')
	return {
		id: requireId(row, 'predictionId', rules.limits),
		timestamp: requireTime(row, rules),
		label: actual,
		extra: row.observed === false ? notObserved : undefined,
	}
}

export const evaluators: Record<RowKind, ValidateRow> = {
	prediction: validatePrediction,
	feature: validateFeatureLog,
	outcome: validateOutcome,
	group: validateGroups,
}

/** The id that a client sent, out of the key that a feature log is stored under. */
export const sentId = (kind: RowKind, id: string): string =>
	kind === 'feature' || kind === 'group' ? id.slice(1) : id
