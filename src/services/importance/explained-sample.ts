import type { Context } from '../../context.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { predictionAt } from '../../log/read.ts'
import { sampleRows } from '../outcome/sample-rows.ts'
import type { RowExplainer } from './row-explainer.ts'

export type ExplainedRow = {
	row: Omit<StoredPrediction, 'model' | 'version' | 'environment'>
	contributions: readonly Float64Array[]
}

/** `rows` were there, `sampled` of them were drawn; the explained ones are those that could be. */
export type ExplainedSample = { rows: number; sampled: number; explained: ExplainedRow[] }

type Query = { model: string; version: string; environment: string; from: number; to: number }

/** Rows that are explained before others get a turn. */
const rowsAtOnce = 50

/** Explains a sample of a period's rows, always the same ones; with features that came apart from their prediction. */
export async function explainedSample(
	context: Context,
	explainer: RowExplainer,
	query: Query,
	most: number,
): Promise<ExplainedSample> {
	const { batch, rows } = await sampleRows(context, query, most)
	const explained: ExplainedRow[] = []
	const sampled = batch?.rows ?? 0
	for (let r = 0; r < sampled; r++) {
		const sent = predictionAt(batch as NonNullable<typeof batch>, r)
		const row = sent.features ? sent : ((await context.log.read(query.model, sent.predictionId)) ?? sent)
		const contributions = explainer.explain(row)
		if (contributions) explained.push({ row, contributions })
		if (r % rowsAtOnce === rowsAtOnce - 1) await new Promise((resolve) => setTimeout(resolve, 0))
	}
	return { rows, sampled, explained }
}
