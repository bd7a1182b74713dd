import type { Context } from '../../context.ts'
import { notAdditive } from '../../decisions/explanation/explainer.ts'
import { FeatureError, type Model } from '../../explain/model.ts'
import { attributionsOfRows, rowMajor } from '../../explain/shap/explain-rows.ts'
import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'
import type { ExplainThreads } from '../../ports/threads.ts'
import type { ExplainedBy, RowExplainer } from './row-explainer.ts'
import { budgetMs, type LoggedRow, type RowQuery, sampledRows, takeTurns } from './sampled-rows.ts'

export type ExplainedRow = ExplainedBy & { row: LoggedRow }

/** `rows`: of the period; `sampled`: those drawn; `explained`: those that could be explained. */
export type ExplainedSample = { rows: number; sampled: number; explained: ExplainedRow[] }

/** Rows that a thread explains at once. */
const rowsAtOnce = 25

/** Explains at most `limit` of a period's rows; fewer, still a random sample, where that would take too long. */
export async function explainedSample(
	context: Context,
	explainer: RowExplainer,
	query: RowQuery,
	limit: number,
): Promise<ExplainedSample> {
	const { rows, list } = await sampledRows(context, query, limit)
	return { rows, ...(await explainRows(context, explainer, list)) }
}

type Explained = Omit<ExplainedSample, 'rows'>

/** Explains rows in the given order, as many as the time allows, without delaying requests. */
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

/** From this many nodes on, one row takes longer than a request should wait. */
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
