import type { Context } from '../../context.ts'
import { type KernelShap, kernelShap } from '../../explain/kernel/kernel-shap.ts'
import type { Endpoint, Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { positive, sideOf } from '../../summaries/outcomes/label.ts'
import { compareScores, loggedNumbers } from '../replay/compare-scores.ts'
import { cell, type Row, requestScores } from './request-scores.ts'

export type EndpointQuery = {
	endpoint: Endpoint
	manifest: Manifest
	registered: Pick<ModelRow, 'task' | 'positiveLabel'>
	/** The endpoint's inputs, in its order. */
	features: readonly string[]
	prediction: Pick<StoredPrediction, 'features' | 'score' | 'label' | 'probabilities'>
	/** Logged rows that absent features are drawn from. */
	background: readonly Row[]
	/** The maximum number of coalitions. */
	evaluations?: number
}

/** What the rest of an explanation needs of the model at the endpoint. */
export type EndpointShape = Pick<Model, 'features' | 'outputs' | 'classes' | 'space' | 'score'>

/** `mismatched`: the endpoint does not answer the logged score, so nothing is estimated. */
export type EndpointEstimate =
	| { status: 'estimated'; shape: EndpointShape; attribution: KernelShap; reason: string | null }
	| { status: 'mismatched'; logged: number; answered: number; reason: string }
	| { status: 'unavailable'; reason: string }

/** An endpoint serves customers: these bound the cost of an estimate and the time that a user waits. */
const maxRows = 20_000
const maxBackground = 50
const batchRows = 500
const totalMs = 60_000

class EndpointFailure extends Error {}

/**
 * Contributions from the model's endpoint by KernelSHAP, for a version whose artefact cannot be explained: method
 * `estimate/kernel-shap` with standard errors of the drawn coalitions, or `exact/kernel-shap` when all were scored. First the
 * endpoint must answer the logged score for the logged features. Never throws for the endpoint: `unavailable` says why.
 */
export async function estimateByEndpoint(
	context: Pick<Context, 'fetch' | 'endpoints'>,
	query: EndpointQuery,
): Promise<EndpointEstimate> {
	const { features, background, prediction } = query
	if (!prediction.features) return { status: 'unavailable', reason: 'no features are logged' }
	const own = prediction.features
	const lacking = features.find((f) => !Object.hasOwn(own, f))
	if (lacking !== undefined)
		return {
			status: 'unavailable',
			reason: `the endpoint takes ${lacking}, which is not among the logged features`,
		}
	if (background.length === 0)
		return {
			status: 'unavailable',
			reason: 'no other applicants are logged to compare with',
		}
	const deadline = AbortSignal.timeout(totalMs)
	const score = async (rows: readonly Row[]): Promise<Float64Array[]> => {
		const answer = await requestScores(context, query.endpoint, features, rows, deadline)
		if (!answer.ok) throw new EndpointFailure(answer.error.message)
		return answer.value.map((scores) => scoresOf(scores, query))
	}
	try {
		return await estimate(query, own, score)
	} catch (error) {
		if (!(error instanceof EndpointFailure) && !(error instanceof RangeError)) throw error
		return { status: 'unavailable', reason: error.message }
	}
}

/** Of a binary model that returns both classes, the positive one. */
function scoresOf(scores: Float64Array, { registered, manifest }: EndpointQuery): Float64Array {
	if (registered.task !== 'binary' || scores.length !== 2) return scores
	const found = (manifest.classes ?? []).findIndex((c) => sideOf(c, registered) === positive)
	return Float64Array.of(scores[found === -1 ? 1 : found] as number)
}

async function estimate(
	query: EndpointQuery,
	logged: Row,
	score: (rows: readonly Row[]) => Promise<Float64Array[]>,
): Promise<EndpointEstimate> {
	const { features, registered, manifest, prediction } = query
	const [answer] = (await score([logged])) as [Float64Array]
	const shape: EndpointShape = {
		features,
		outputs: answer.length,
		classes: answer.length > 1 ? manifest.classes : undefined,
		space: registered.task === 'regression' || registered.task === 'ranking' ? 'value' : 'probability',
		score: (margin) => margin,
	}
	const numbers = loggedNumbers(shape, manifest, registered, prediction, answer)
	if (numbers.length === 0)
		return {
			status: 'unavailable',
			reason: "no score is logged to compare with the endpoint's answer",
		}
	for (const { output, value } of numbers) {
		const answered = answer[output] as number
		if (compareScores(value, answered).kind === 'different')
			return {
				status: 'mismatched',
				logged: value,
				answered,
				reason: `the logged score is ${value}, and the endpoint answers ${answered} for the logged features: it serves another model or sees other features now`,
			}
	}
	const rows = thinned(query.background, maxBackground)
	const table = codesOf(features, logged, rows)
	const affordable = Math.floor(maxRows / rows.length)
	const attribution = await kernelShap(
		(coded) => score(coded.map(table.decode)),
		table.row,
		table.background,
		{
			evaluations: Math.min(query.evaluations ?? 2 * features.length + 2048, affordable),
			batchRows,
		},
	)
	const left = query.background.length - rows.length
	return {
		status: 'estimated',
		shape,
		attribution,
		reason:
			left > 0 ? `compared with ${rows.length} of ${query.background.length} rows, spread evenly` : null,
	}
}

/** At most `maxRows` rows, evenly spread. */
function thinned(rows: readonly Row[], maxRows: number): readonly Row[] {
	if (rows.length <= maxRows) return rows
	return Array.from({ length: maxRows }, (_, i) => rows[Math.floor((i * rows.length) / maxRows)] as Row)
}

/** Encodes values of any type as numbers, equal values of a feature as one, so that KernelSHAP can mix rows. */
function codesOf(features: readonly string[], logged: Row, rows: readonly Row[]) {
	const values = features.map(() => [] as unknown[])
	const known = features.map(() => new Map<string, number>())
	const encode = (row: Row) =>
		Float64Array.from(features, (feature, i) => {
			const value = cell(row, feature)
			const key = JSON.stringify(value)
			const at = known[i]?.get(key) ?? (values[i]?.push(value) ?? 0) - 1
			known[i]?.set(key, at)
			return at
		})
	const decode = (codes: Float64Array): Row =>
		Object.fromEntries(features.map((feature, i) => [feature, values[i]?.[codes[i] as number]]))
	return { row: encode(logged), background: rows.map(encode), decode }
}
