import type { Context } from '../../context.ts'
import { seeded } from '../../core/random.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { predictionAt } from '../../log/read.ts'
import { textHash } from '../../profile/cell.ts'
import { sampleRows } from '../outcome/sample-rows.ts'
import type { ExplainedBy, RowExplainer } from './row-explainer.ts'

export type LoggedRow = Pick<StoredPrediction, 'features' | 'attributions' | 'segment'>
export type ExplainedRow = ExplainedBy & { row: LoggedRow }

/** `rows` were there, `sampled` of them were looked at; the explained ones are those that could be. */
export type ExplainedSample = { rows: number; sampled: number; explained: ExplainedRow[] }

type Query = { model: string; version: string; environment: string; from: number; to: number }

/** Requests get a turn after so many rows, or so long. */
const rowsAtOnce = 25
const turnMs = 15
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
	const until = context.now() + budgetMs
	const explained: ExplainedRow[] = []
	let [sampled, turn] = [0, context.now()]
	for (const read of list) {
		const row = await read()
		const one = explainer.explain(row)
		if (one) explained.push({ row, ...one })
		sampled++
		const now = context.now()
		if (now > until) break
		if (sampled % rowsAtOnce !== 0 && now - turn < turnMs) continue
		await new Promise((resolve) => setTimeout(resolve, 0))
		turn = now
	}
	return { rows, sampled, explained }
}
