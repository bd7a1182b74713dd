import { predictionKey, subjectKey } from '../../log/judge.ts'
import type { RowKind } from '../../log/prediction-log.ts'
import type { RowInput } from '../../profile/batch-builder.ts'
import {
	checkFeatures,
	checkLabel,
	type JsonObject,
	type JudgeRow,
	optionalId,
	optionalNumber,
	optionalNumbers,
	RowRejected,
	type RowRules,
	refuseUnknown,
	requireId,
	requireObject,
	requireTime,
} from './judge-row.ts'

const predictionMembers = [
	'predictionId', 'version', 'timestamp', 'features', 'score', 'label', 'probabilities',
	'segment', 'subject', 'attributions', 'latencyMs', 'environment',
] // biome-ignore format: a list to be read at a glance

export const defaultEnvironment = 'production'

/** A prediction row of the contract; throws RowRejected. */
function judgePrediction(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, predictionMembers)
	const { limits } = rules
	const id = requireId(row, 'predictionId', limits)
	const version = requireId(row, 'version', limits)
	if (!rules.versions.has(version))
		throw new RowRejected('unknown-version', 'version', `"${version}" is not registered; register it first`)
	const latencyMs = optionalNumber(row, 'latencyMs')
	if (latencyMs !== undefined && latencyMs < 0) throw new RowRejected('invalid', 'latencyMs', 'not below 0')
	return {
		id,
		version,
		timestamp: requireTime(row, rules),
		environment: optionalId(row, 'environment', limits) ?? defaultEnvironment,
		subject: optionalId(row, 'subject', limits),
		features: checkFeatures(row.features, limits),
		score: optionalNumber(row, 'score'),
		label: checkLabel(row, 'label', limits),
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

function checkSegment(row: JsonObject, { limits }: RowRules): JsonObject | undefined {
	const { segment } = row
	if (segment === undefined || segment === null) return undefined
	if (typeof segment !== 'object' || Array.isArray(segment))
		throw new RowRejected('invalid', 'segment', 'an object of segment name to value')
	for (const name in segment) {
		const path = `segment.${name}`
		if (name.length > limits.idCharacters)
			throw new RowRejected(
				'too-large',
				'segment',
				`a name is at most ${limits.idCharacters} characters (limit idCharacters)`,
			)
		checkLabel({ [path]: (segment as JsonObject)[name] }, path, limits)
	}
	return segment as JsonObject
}

/** A feature log: keyed by prediction, or by subject and time. */
function judgeFeatureLog(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'subject', 'timestamp', 'features'])
	const id = keyOf(row, rules)
	const features = checkFeatures(row.features, rules.limits)
	if (!features) throw new RowRejected('invalid', 'features', 'required, an object of feature name to value')
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
function judgeGroups(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'subject', 'timestamp', 'groups'])
	const groups = row.groups
	if (groups === null || typeof groups !== 'object' || Array.isArray(groups))
		throw new RowRejected('invalid', 'groups', 'required, an object of attribute name to value')
	for (const name in groups)
		checkLabel({ [`groups.${name}`]: (groups as JsonObject)[name] }, `groups.${name}`, rules.limits)
	return { id: keyOf(row, rules), timestamp: requireTime(row, rules), features: groups as JsonObject }
}

const notObserved = JSON.stringify({ observed: false })

/** An outcome. `observed: false` says that it never can be known (a rejected applicant); then `actual` may be absent. */
function judgeOutcome(value: unknown, rules: RowRules): RowInput {
	const row = requireObject(value)
	refuseUnknown(row, ['predictionId', 'actual', 'timestamp', 'observed'])
	if (row.observed !== undefined && typeof row.observed !== 'boolean')
		throw new RowRejected('invalid', 'observed', 'true or false')
	const actual = checkLabel(row, 'actual', rules.limits)
	if (row.observed !== false && (actual === undefined || actual === null))
		throw new RowRejected('invalid', 'actual', 'required, unless observed is false')
	return {
		id: requireId(row, 'predictionId', rules.limits),
		timestamp: requireTime(row, rules),
		label: actual,
		extra: row.observed === false ? notObserved : undefined,
	}
}

export const judges: Record<RowKind, JudgeRow> = {
	prediction: judgePrediction,
	feature: judgeFeatureLog,
	outcome: judgeOutcome,
	group: judgeGroups,
}

/** The id that a client sent, out of the key that a feature log is stored under. */
export const sentId = (kind: RowKind, id: string): string =>
	kind === 'feature' || kind === 'group' ? id.slice(1) : id
