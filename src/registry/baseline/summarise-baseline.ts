import { BatchBuilder } from '../../summaries/inputs/batch-builder.ts'
import { categoryOf, type RowBatch } from '../../summaries/inputs/columns.ts'
import { addOutcome, addPrediction } from '../../summaries/outcomes/contribute.ts'
import { predictedAt } from '../../summaries/outcomes/join-index.ts'
import { actualOf, negativeAmong, negativeSeen } from '../../summaries/outcomes/label.ts'
import type { LabelledRows } from '../../summaries/outcomes/labelled-rows.ts'
import { makeJoinIndex, type OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { bound } from '../../summaries/outcomes/outcome-summary.ts'

type Incoming = AsyncIterable<{ batch: RowBatch; actuals?: unknown[] }>

/** Passes batches on, and adds those that came with actuals: what outcomes go with what scores. */
export async function* summarised(incoming: Incoming, plan: OutcomeSpec, labelled: LabelledRows): Incoming {
	for await (const part of incoming) {
		if (part.actuals?.some((a) => a !== undefined && a !== null))
			addRows(part.batch, part.actuals, plan, labelled)
		yield part
	}
}

/** Where nobody has named the negative label, the first actuals with another one than the positive do. */
function seeNegative(plan: OutcomeSpec, { labels, strings }: ReturnType<typeof labelsOf>): void {
	if (plan.task !== 'binary' || typeof plan.rule.negativeLabel === 'string') return
	const counts = new Map<string, number>()
	labels.kinds.forEach((kind, r) => {
		const text = categoryOf(kind, labels.nums[r] as number, strings)
		if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1)
	})
	const { positiveLabel = null } = plan.rule
	const among = positiveLabel === null ? negativeSeen : negativeAmong
	plan.rule = { ...plan.rule, negativeLabel: among(counts, positiveLabel) }
}

function addRows(batch: RowBatch, actuals: readonly unknown[], plan: OutcomeSpec, all: LabelledRows): void {
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	const labels = labelsOf(actuals)
	seeNegative(plan, labels)
	const joinIndex = makeJoinIndex(batch, rows, plan, new Uint32Array(batch.rows))
	for (const r of rows) {
		const row = predictedAt(joinIndex, r)
		const outcomeSummary = all.periodOf(batch.timestamps[r] as number)
		addPrediction(outcomeSummary, plan.task, row)
		if (actuals[r] === undefined || actuals[r] === null) continue
		const actual = actualOf(plan.task, plan.rule, labels.labels, r, labels.strings)
		addOutcome(outcomeSummary, plan.task, row, { observed: true, actual }, 1)
		if (plan.task === 'regression' && actual && Number.isFinite(row.score))
			all.addPair(row.score, actual.value)
	}
	for (const outcomeSummary of all.periods.values()) bound(outcomeSummary)
}

/** Actuals as a column, as outcomes are stored. */
export function labelsOf(actuals: readonly unknown[]): Pick<RowBatch, 'labels' | 'strings'> {
	const builder = new BatchBuilder(actuals.length)
	for (const label of actuals) builder.add({ id: '', timestamp: 0, label })
	return builder.finish()
}
