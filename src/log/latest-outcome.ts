import type { RowBatch } from '../summaries/inputs/columns.ts'

export type OutcomeRow = { batch: RowBatch; row: number }

/** The outcome in force among those of one prediction: the latest by its own time; of equal times, the one that came last. */
export function latestOutcome(rows: readonly OutcomeRow[]): OutcomeRow | undefined {
	let best: OutcomeRow | undefined
	const at = ({ batch, row }: OutcomeRow) => batch.timestamps[row] as number
	for (const row of rows) if (!best || at(row) >= at(best)) best = row
	return best
}
