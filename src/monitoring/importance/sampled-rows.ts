import type { Context } from '../../context.ts'
import { seeded } from '../../core/random.ts'
import { sleep } from '../../core/retry.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { predictionAt } from '../../log/read/read-by-id.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import { textHash } from '../../summaries/inputs/columns.ts'

export type RowQuery = { model: string; version: string; environment: string; from: number; to: number }
export type LoggedRow = Pick<StoredPrediction, 'features' | 'attributions' | 'segment'>

/** A random sample of a period's rows, always the same and in the same order, with features that were logged separately. */
export async function sampledRows(
	context: Context,
	query: RowQuery,
	limit: number,
): Promise<{ rows: number; list: (() => Promise<LoggedRow>)[] }> {
	const { batch, rows } = await sampleRows(context, query, limit)
	if (!batch) return { rows, list: [] }
	const draws = batch.ids.map((id) => seeded(textHash(id))())
	const order = draws.map((_, r) => r).sort((a, b) => (draws[a] as number) - (draws[b] as number))
	const list = order.map((r) => async () => {
		const sent = predictionAt(batch, r)
		return sent.features ? sent : ((await context.log.read(query.model, sent.predictionId)) ?? sent)
	})
	return { rows, list }
}

/** Requests get a turn after so long. */
const turnMs = 15
/** The time for all rows: large models get through fewer. */
export const budgetMs = 5000

/** Returns what to call after each row: it lets requests in from time to time, and is false when the time is over. */
export function takeTurns(context: Context): () => Promise<boolean> {
	const until = context.now() + budgetMs
	let turn = context.now()
	return async () => {
		const now = context.now()
		if (now > until) return false
		if (now - turn < turnMs) return true
		await sleep(0)
		turn = now
		return true
	}
}
