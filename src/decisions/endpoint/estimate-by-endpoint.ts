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
	/** What the endpoint takes, in its order. */
	features: readonly string[]
	prediction: Pick<StoredPrediction, 'features' | 'score' | 'label' | 'probabilities'>
	/** Logged rows that absent features are drawn from. */
	background: readonly Row[]
	/** The most coalitions to ask for. */
	evaluations?: number
}

/** What the rest of an explanation needs to know of the model behind the endpoint. */
export type EndpointShape = Pick<Model, 'features' | 'outputs' | 'classes' | 'space' | 'score'>

/** `mismatched`: the endpoint answers another score than the logged one, so it is not asked for reasons. */
export type EndpointEstimate =
	| { status: 'estimated'; shape: EndpointShape; attribution: KernelShap; reason: string | null }
	| { status: 'mismatched'; logged: number; answered: number; reason: string }
	| { status: 'unavailable'; reason: string }

/** An endpoint serves customers: what an estimate may cost it, and how long somebody waits for the answer. */
const maxRows = 20_000
const maxBackground = 50
const batchRows = 500
const totalMs = 60_000

class EndpointFailure extends Error {}

/**
 * Contributions of the model's own endpoint by KernelSHAP, for a version without an artefact that can be explained: labelled
 * `estimate/kernel-shap` with standard errors, which are of the coalitions that were drawn (`exact/kernel-shap` where all
 * were asked for). First the endpoint must answer the logged score for the logged features. Never throws for what the
 * endpoint does: `unavailable` says it.
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
			reason: `${lacking} is not among the logged features, and the endpoint takes it`,
		}
	if (background.length === 0)
		return {
			status: 'unavailable',
			reason: 'no other applicants are logged that the score could be compared with',
		}
	const deadline = AbortSignal.timeout(totalMs)
	const ask = async (rows: readonly Row[]): Promise<Float64Array[]> => {
		const answer = await requestScores(context, query.endpoint, features, rows, deadline)
		if (!answer.ok) throw new EndpointFailure(answer.error.message)
		return answer.value.map((scores) => scoresOf(scores, query))
	}
	try {
		return await estimate(query, own, ask)
	} catch (error) {
		if (!(error instanceof EndpointFailure) && !(error instanceof RangeError)) throw error
		return { status: 'unavailable', reason: error.message }
	}
}

/** Of a binary model that answers both classes, the positive one. */
function scoresOf(scores: Float64Array, { registered, manifest }: EndpointQuery): Float64Array {
	if (registered.task !== 'binary' || scores.length !== 2) return scores
	const found = (manifest.classes ?? []).findIndex((c) => sideOf(c, registered) === positive)
	return Float64Array.of(scores[found === -1 ? 1 : found] as number)
}

async function estimate(
	query: EndpointQuery,
	logged: Row,
	ask: (rows: readonly Row[]) => Promise<Float64Array[]>,
): Promise<EndpointEstimate> {
	const { features, registered, manifest, prediction } = query
	const [answer] = (await ask([logged])) as [Float64Array]
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
			reason: "no score is logged that the endpoint's answer could be compared with",
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
	const attribution = await kernelShap((asked) => ask(asked.map(table.decode)), table.row, table.background, {
		evaluations: Math.min(query.evaluations ?? 2 * features.length + 2048, affordable),
		batchRows,
	})
	const left = query.background.length - rows.length
	return {
		status: 'estimated',
		shape,
		attribution,
		reason:
			left > 0 ? `compared with ${rows.length} of ${query.background.length} rows, spread evenly` : null,
	}
}

/** So many rows, evenly spread over all. */
function thinned(rows: readonly Row[], maxRows: number): readonly Row[] {
	if (rows.length <= maxRows) return rows
	return Array.from({ length: maxRows }, (_, i) => rows[Math.floor((i * rows.length) / maxRows)] as Row)
}

/** Values of any type as numbers, by feature: equal values have one number. Their rows can be mixed and put back. */
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
