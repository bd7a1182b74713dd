import type { RowBatch } from '../../summaries/inputs/columns.ts'
import type { Outcome } from '../../summaries/outcomes/contribute.ts'
import type { JoinIndex } from '../../summaries/outcomes/join-index.ts'
import { actualOf, type Labels, labelText } from '../../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import type { KeyLookup } from '../keys/key-index.ts'
import type { FoundRow } from '../read/chunk-store.ts'

export type OutcomeRow = { batch: RowBatch; row: number }

/** The current outcome of one prediction: the latest by its own timestamp; of equal ones, the one that arrived last. */
export function latestOutcome(rows: readonly OutcomeRow[]): OutcomeRow | undefined {
	let latest: OutcomeRow | undefined
	const at = ({ batch, row }: OutcomeRow) => batch.timestamps[row] as number
	for (const row of rows) if (!latest || at(row) >= at(latest)) latest = row
	return latest
}

export const latestStored = (rows: readonly FoundRow[]): OutcomeRow | undefined =>
	latestOutcome(rows.map(({ chunk, row }) => ({ batch: chunk.batch, row })))

/** An outcome row without extra members was observed. */
export const isObserved = ({ batch, row }: OutcomeRow): boolean => batch.extras[row] === -1

/** What an outcome means for a prediction, by the labels that were current when the prediction arrived. */
export function outcomeAt({ batch, row }: OutcomeRow, spec: OutcomeSpec, joinIndex: JoinIndex): Outcome {
	if (batch.extras[row] !== -1) return { observed: false }
	const actual = actualOf(spec.task, labelsAt(joinIndex, spec), batch.labels, row, batch.strings)
	if (actual) return { observed: true, actual }
	return { observed: true, actual, text: labelText(batch.labels, row, batch.strings) }
}

/** The labels that outcomes of these predictions are read by: those of their arrival, and a negative label learnt since. */
const labelsAt = (
	{ positiveLabel, negativeLabel }: JoinIndex,
	{ rule, seenNegative, classes }: OutcomeSpec,
): Labels => ({
	classes,
	positiveLabel,
	negativeLabel:
		negativeLabel ?? ((rule.positiveLabel ?? null) === positiveLabel ? (seenNegative ?? null) : null),
})

/** The current outcome of a stored prediction. */
export async function storedOutcome(
	lookup: KeyLookup,
	model: string,
	predictionId: string,
	spec: OutcomeSpec,
	joinIndex: JoinIndex,
): Promise<Outcome | undefined> {
	const rows = (await lookup.find(model, 'outcome', [predictionId])).get(0) ?? []
	const latest = latestStored(rows)
	return latest && outcomeAt(latest, spec, joinIndex)
}
