import type { Context } from '../../context.ts'
import { seeded } from '../../core/random.ts'
import { notAdditive } from '../../decisions/explanation/explainer.ts'
import { FeatureError, type Model } from '../../explain/model.ts'
import { attributionsOfRows, rowMajor } from '../../explain/shap/explain-rows.ts'
import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { predictionAt } from '../../log/read/read-by-id.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import type { ExplainThreads } from '../../ports/threads.ts'
import { textHash } from '../../summaries/inputs/columns.ts'
import type { ExplainedBy, RowExplainer } from './row-explainer.ts'

export type LoggedRow = Pick<StoredPrediction, 'features' | 'attributions' | 'segment'>
export type ExplainedRow = ExplainedBy & { row: LoggedRow }

/** `rows` were there, `sampled` of them were looked at; the explained ones are those that could be. */
export type ExplainedSample = { rows: number; sampled: number; explained: ExplainedRow[] }

type Query = { model: string; version: string; environment: string; from: number; to: number }

/** Requests get a turn after so long. */
const turnMs = 15
/** Rows that a thread is given at once. */
const rowsAtOnce = 25
/** Large models explain fewer rows in the time that there is. */
const budgetMs = 5000

/** A sample of a period's rows, always the same ones in the same order, with features that came apart from their prediction. */
export async function sampledRows(
	context: Context,
	query: Query,
	most: number,
): Promise<{ rows: number; list: (() => Promise<LoggedRow>)[] }> {
	const { batch, rows } = await sampleRows(context, query, most)
	if (!batch) return { rows, list: [] }
	const draws = batch.ids.map((id) => seeded(textHash(id))())
	const order = draws.map((_, r) => r).sort((a, b) => (draws[a] as number) - (draws[b] as number))
	const list = order.map((r) => async () => {
		const sent = predictionAt(batch, r)
		return sent.features ? sent : ((await context.log.read(query.model, sent.predictionId)) ?? sent)
	})
	return { rows, list }
}

/** Explains at most `most` of a period's rows; fewer, still a fair sample, where they would take too long. */
export async function explainedSample(
	context: Context,
	explainer: RowExplainer,
	query: Query,
	most: number,
): Promise<ExplainedSample> {
	const { rows, list } = await sampledRows(context, query, most)
	return { rows, ...(await explainRows(context, explainer, list)) }
}

type Explained = Omit<ExplainedSample, 'rows'>

/** Explains rows in their order, as many as the time allows, without holding up requests. */
export function explainRows(
	context: Context,
	explainer: RowExplainer,
	list: readonly (() => Promise<LoggedRow>)[],
): Promise<Explained> {
	const inThread = largeTrees(context, explainer)
	return inThread ? explainInThread(context, inThread, list) : explainHere(context, explainer, list)
}

async function explainHere(
	context: Context,
	explainer: RowExplainer,
	list: readonly (() => Promise<LoggedRow>)[],
): Promise<Explained> {
	const turns = takeTurns(context)
	const explained: ExplainedRow[] = []
	let sampled = 0
	for (const read of list) {
		const row = await read()
		const one = explainer.explain(row)
		if (one) explained.push({ row, ...one })
		sampled++
		if (!(await turns())) break
	}
	return { sampled, explained }
}

/** To be called after each row: lets requests in when it is their turn. False when the time is over. */
export function takeTurns(context: Context): () => Promise<boolean> {
	const until = context.now() + budgetMs
	let turn = context.now()
	return async () => {
		const now = context.now()
		if (now > until) return false
		if (now - turn < turnMs) return true
		await new Promise((resolve) => setTimeout(resolve, 0))
		turn = now
		return true
	}
}

/** Nodes from which one row takes longer than a request should wait for. */
const manyNodes = 50_000

type InThread = { model: Model; ensemble: TreeEnsemble; threads: ExplainThreads }

function largeTrees({ threads }: Context, { model }: RowExplainer): InThread | undefined {
	if (!threads || model?.structure?.kind !== 'trees') return undefined
	const { ensemble } = model.structure
	return ensemble.feature.length >= manyNodes ? { model, ensemble, threads } : undefined
}

async function explainInThread(
	context: Context,
	{ model, ensemble, threads }: InThread,
	list: readonly (() => Promise<LoggedRow>)[],
): Promise<Explained> {
	const until = context.now() + budgetMs
	const explained: ExplainedRow[] = []
	let sampled = 0
	while (sampled < list.length && context.now() <= until) {
		const taken: { row: LoggedRow; x: Float64Array }[] = []
		for (const read of list.slice(sampled, sampled + rowsAtOnce)) {
			const row = await read()
			const x = encoded(model, row)
			if (x) taken.push({ row, x })
			sampled++
		}
		const xs = taken.map(({ x }) => x)
		const method = 'tree-shap/path-dependent'
		const columns = await threads.explain(ensemble, rowMajor(xs))
		attributionsOfRows(model, xs, { method, ...columns }).forEach((one, i) => {
			const { row } = taken[i] as { row: LoggedRow }
			if (one instanceof Error) notAdditive(context, model, one)
			else explained.push({ row, method, contributions: one.contributions })
		})
	}
	return { sampled, explained }
}

function encoded(model: Model, { features }: LoggedRow): Float64Array | undefined {
	try {
		return features === null ? undefined : model.encode(features).x
	} catch (error) {
		if (error instanceof FeatureError) return undefined
		throw error
	}
}
