import { availableParallelism } from 'node:os'
import {
	AdditivityError,
	type Attribution,
	type Background,
	type Encoded,
	FeatureError,
	type Model,
} from '../explain/model.ts'
import type { OnnxModel } from '../explain/onnx/open-onnx.ts'
import { attributionsOfRows, rowMajor } from '../explain/shap/explain-rows.ts'
import { maxTableBytes } from '../explain/shap/tables.ts'
import type { TreeEnsemble } from '../explain/trees/ensemble.ts'
import type { ExplainPool } from '../platform/node/explain-pool.ts'
import type { OpenedModel } from '../ports/model-cache.ts'
import type { FileRow } from '../tables/feature-rows.ts'

/** A row with its explanation, or the reason why it has none. */
export type ExplainedRow = { row: number; values: Readonly<Record<string, unknown>> } & (
	| { attribution: Attribution; score: Float64Array; notes: Encoded['notes'] }
	| { error: string; feature: string | null }
)

export type Explainer = {
	model: Model | OnnxModel
	/** In the order of the rows. */
	explain(rows: readonly FileRow[]): Promise<ExplainedRow[]>
	close(): Promise<void>
}

/** Rows that are explained together. */
export const rowsAtOnce = 2000
/** From about this many node visits on, which take a thread some seconds, more threads pay off. */
const worthThreads = 1e8
/** Each thread prepares the model for itself; together they stay below 1 GB. */
const maxThreads = 8
const maxBytes = 2 ** 30

/** Memory: one bit a node and background row, in addition to tables. */
function threadsOf({ feature }: TreeEnsemble, background: number): number {
	const bytes = maxTableBytes + (feature.length / 8) * background
	return Math.max(1, Math.min(availableParallelism(), maxThreads, Math.floor(maxBytes / bytes)))
}

type Ready = { row: number; values: Readonly<Record<string, unknown>>; encoded: Encoded }

function encodeRow(model: Model | OnnxModel, row: FileRow): Ready | ExplainedRow {
	if ('fault' in row) return { row: row.row, values: {}, error: row.fault, feature: null }
	try {
		return { row: row.row, values: row.value, encoded: model.encode(row.value) }
	} catch (error) {
		return failed(row.row, row.value, error)
	}
}

function failed(row: number, values: Ready['values'], error: unknown): ExplainedRow {
	if (error instanceof FeatureError) return { row, values, error: error.message, feature: error.feature }
	if (error instanceof AdditivityError) return { row, values, error: error.message, feature: null }
	throw error
}

/** Explains rows: one by one, in threads for large blocks, or by estimates when only the runtime can run the model. */
export function openExplainer(
	opened: OpenedModel,
	background: readonly Float64Array[] | undefined,
): Explainer {
	if (!('model' in opened)) return estimator(opened.onnx, background ?? [])
	const { model } = opened
	let own: Background | undefined
	// Prepared when needed: threads do it themselves.
	const prepared = () => {
		own ??= background && model.background(background)
		return own
	}
	let pool: Promise<ExplainPool> | undefined
	const isWorth = (rows: number, { feature }: TreeEnsemble) =>
		rows >= rowsAtOnce / 2 ||
		(rows > 1 && rows * feature.length * Math.max(1, background?.length ?? 1) >= worthThreads)
	const attribute = async (ready: readonly Ready[]): Promise<(Attribution | AdditivityError)[]> => {
		const { structure } = model
		if (structure?.kind !== 'trees' || (!pool && !isWorth(ready.length, structure.ensemble)))
			return ready.map((r) => attributionOf(model, r, prepared()))
		const { ensemble } = structure
		pool ??= import('../platform/node/explain-pool.ts').then(({ openExplainPool }) =>
			openExplainPool(ensemble, {
				threads: threadsOf(ensemble, background?.length ?? 0),
				...(background ? { background } : {}),
			}),
		)
		return byPool(model, await pool, ready, background !== undefined)
	}
	return {
		model,
		explain: (rows) => inOrder(model, rows, attribute, (m) => model.score(m)),
		close: async () => await (await pool)?.close(),
	}
}

async function inOrder(
	model: Model | OnnxModel,
	rows: readonly FileRow[],
	attribute: (ready: readonly Ready[]) => Promise<(Attribution | AdditivityError)[]>,
	scoreOf: (margin: Float64Array) => Float64Array,
): Promise<ExplainedRow[]> {
	const all = rows.map((row) => encodeRow(model, row))
	const attributions = await attribute(all.filter((r): r is Ready => 'encoded' in r))
	let next = 0
	return all.map((r) => {
		if (!('encoded' in r)) return r
		const attribution = attributions[next++] as Attribution | AdditivityError
		if (attribution instanceof Error) return failed(r.row, r.values, attribution)
		const { row, values, encoded } = r
		return { row, values, attribution, score: scoreOf(attribution.margin), notes: encoded.notes }
	})
}

function attributionOf(model: Model, { encoded }: Ready, background: Background | undefined) {
	try {
		return model.explain(encoded.x, background)
	} catch (error) {
		if (error instanceof AdditivityError) return error
		throw error
	}
}

async function byPool(
	model: Model,
	pool: ExplainPool,
	ready: readonly Ready[],
	hasBackground: boolean,
): Promise<(Attribution | AdditivityError)[]> {
	const rows = ready.map(({ encoded }) => encoded.x)
	const contributions = await pool.explain(rowMajor(rows))
	const method = `tree-shap/${hasBackground ? 'interventional' : 'path-dependent'}`
	return attributionsOfRows(model, rows, { method, base: pool.base, contributions })
}

function estimator(onnx: OnnxModel, background: readonly Float64Array[]): Explainer {
	const attribute = async (ready: readonly Ready[]) => {
		const attributions: Attribution[] = []
		for (const { encoded } of ready) attributions.push(await onnx.estimate(encoded.x, background))
		return attributions
	}
	return {
		model: onnx,
		explain: (rows) => inOrder(onnx, rows, attribute, (margin) => margin),
		close: () => onnx.close(),
	}
}
