import type { Context } from '../context.ts'
import { windowStart } from '../core/time.ts'

/** Rows by environment and code; `taken`: those of the same batches that were not rejected. */
export type Rejections = { taken: number; counts: Map<string, Map<string, number>> }

/** Adds a batch's rejections to the hour in which it came. A batch without any leaves nothing. */
export async function noteRejections(context: Context, model: string, batch: Rejections): Promise<void> {
	const now = context.now()
	const list = [...batch.counts].flatMap(([environment, codes]) =>
		[...codes].map(([code, rows]): [string, string, number] => [environment, code, rows]),
	)
	if (list.length === 0) return
	// What was taken beside them is counted under no code, so that a share can be told.
	list.push(['', '', batch.taken])
	await context.sql.batch([
		{
			sql: `INSERT INTO rejected_row (model, hour_ms, environment, code, rows, at)
				SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2, ?3 FROM json_each(?4) WHERE true
				ON CONFLICT DO UPDATE SET rows = rows + excluded.rows, at = excluded.at`,
			params: [model, windowStart('1h', now), now, JSON.stringify(list)],
		},
		{
			sql: `INSERT INTO rejected_total (model, code, rows)
				SELECT ?1, value ->> 1, value ->> 2 FROM json_each(?2) WHERE value ->> 1 <> ''
				ON CONFLICT DO UPDATE SET rows = rows + excluded.rows`,
			params: [model, JSON.stringify(list)],
		},
	])
}
