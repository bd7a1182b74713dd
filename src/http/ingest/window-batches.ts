import type { Context } from '../../context.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import type { BaselineBatch } from './baseline-rows.ts'

/** The logged predictions of a version with event time in [from, to) as batches, with the outcomes that are known; one at a time in memory. */
export async function* windowBatches(
	context: Context,
	query: { model: string; version: string; from: number; to: number },
): AsyncGenerator<BaselineBatch> {
	let give: (batch: RowBatch | undefined) => void = () => {}
	let taken: () => void = () => {}
	let next = new Promise<RowBatch | undefined>((resolve) => {
		give = resolve
	})
	let stopped = false
	const scan = context.log
		.scan(query, async (rows) => {
			if (stopped) throw new Error('the reader of this scan has stopped')
			const wait = new Promise<void>((resolve) => {
				taken = resolve
			})
			give(rows)
			await wait
		})
		.then(() => give(undefined))
	scan.catch(() => give(undefined))
	try {
		for (let batch = await next; batch !== undefined; batch = await next) {
			next = new Promise((resolve) => {
				give = resolve
			})
			yield { batch, actuals: await context.log.actuals(query.model, batch.ids) }
			taken()
		}
		await scan
	} finally {
		stopped = true
		taken()
	}
}
