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
} from './row-checks.ts'

type ValidateRow = (value: unknown, rules: RowRules) => RowInput

const predictionMembers = [
	'predictionId', 'version', 'timestamp', 'features', 'score', 'label', 'probabilities',
	'segment', 'subject', 'attributions', 'latencyMs', 'environment',
] // biome-ignore format: a list to be read at a glance

export const defaultEnvironment = 'production'

// The schemas of rows.schema.ts describe the same rows for the API reference, but zod is too slow for a million of them and
// stops at other faults: the checks here decide, and a test holds both to the same decisions. They throw RowRejected.

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
		throw new RowRejected('invalid', 'latencyMs', `is ${latencyMs}; send milliseconds, 0 or more`)
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

/** Whether a feature is numeric in a version; without a version, in any. */
function isNumeric({ numericFeatures }: RowRules, name: string, version?: string): boolean {
	if (version !== undefined) return numericFeatures?.get(version)?.has(name) ?? false
	return [...(numericFeatures?.values() ?? [])].some((names) => names.has(name))
}

/** A feature log, for a prediction, or for a subject at a time. */
function validateFeatureLog(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'subject', 'timestamp', 'features'])
	const id = keyOf(row, rules)
	const named = requireMembers(row.features, 'features', 'feature name to value')
	const features = checkFeatures(named, rules.limits, (name) => isNumeric(rules, name))
	return { id, timestamp: requireTime(row, rules), features }
}

/** The key of the prediction or the subject that a row names. */
function keyOf(row: JsonObject, rules: RowRules): string {
	const predictionId = optionalId(row, 'predictionId', rules.limits)
	const subject = optionalId(row, 'subject', rules.limits)
	if ((predictionId === undefined) === (subject === undefined))
		throw new RowRejected('invalid', 'predictionId', 'send exactly one of predictionId and subject')
	return predictionId === undefined ? subjectKey(subject as string) : predictionKey(predictionId)
}

/** Values of sensitive attributes that are not features, for a prediction or for a subject. */
function validateGroups(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'subject', 'timestamp', 'groups'])
	const groups = checkNames(row.groups, 'groups', 'attribute name to value', rules.limits)
	return { id: keyOf(row, rules), timestamp: requireTime(row, rules), features: groups }
}

const notObserved = JSON.stringify({ observed: false })

/** An outcome. With `observed: false` it can never be known, as for a rejected applicant; then `actual` may be absent. */
function validateOutcome(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'actual', 'timestamp', 'observed'])
	if (row.observed !== undefined && typeof row.observed !== 'boolean')
		throw new RowRejected('invalid', 'observed', 'send true or false')
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

export const validators: Record<RowKind, ValidateRow> = {
	prediction: validatePrediction,
	feature: validateFeatureLog,
	outcome: validateOutcome,
	group: validateGroups,
}

/** The id that a client sent, from the id that its row is stored under. */
export const sentId = (kind: RowKind, id: string): string =>
	kind === 'feature' || kind === 'group' ? id.slice(1) : id
