import type { Outcome } from '../summaries/outcomes/contribute.ts'
import type { JoinIndex } from '../summaries/outcomes/join-index.ts'
import { actualOf, labelText } from '../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../summaries/outcomes/make-join-index.ts'
import type { Group, Writer } from './append.ts'
import { type Deduplicated, type Item, rowStatus } from './deduplicate.ts'
import type { JoinIndexChunk } from './join-index-store.ts'
import { latestOutcome, type OutcomeRow } from './latest-outcome.ts'
import { labelsAt, seeOutcomes, withSeen } from './negative-label.ts'

/** What an outcome says of a prediction, by the labels that were in force when that came. */
export function outcomeAt({ batch, row }: OutcomeRow, plan: OutcomeSpec, joinIndex: JoinIndex): Outcome {
	if (batch.extras[row] !== -1) return { observed: false }
	const actual = actualOf(plan.task, labelsAt(joinIndex, plan), batch.labels, row, batch.strings)
	if (actual) return { observed: true, actual }
	return { observed: true, actual, text: labelText(batch.labels, row, batch.strings) }
}

function* acceptedRows(batch: OutcomeRow['batch'], statuses: Uint8Array): Iterable<OutcomeRow> {
	for (let row = 0; row < batch.rows; row++) if (statuses[row] === rowStatus.accepted) yield { batch, row }
}

export const countWaiting = (model: string, count: number) => ({
	sql: `INSERT INTO log_outcome_waiting (model, count) VALUES (?, ?)
		ON CONFLICT (model) DO UPDATE SET count = count + excluded.count`,
	params: [model, count],
})

/**
 * Adds accepted outcomes to the windows of their predictions; a correction first takes back what it replaces. Answers 1 for
 * each whose prediction has not come yet.
 */
export async function joinOutcomes(
	writer: Writer,
	group: Group,
	item: Item,
	{ statuses, earlier }: Deduplicated,
): Promise<Uint8Array> {
	const { batch, model } = item
	const hashes = writer.lookup.hash(model, 'prediction', batch.ids)
	const found = await writer.joinIndexes.find(model, batch.ids, hashes)
	const waiting = new Uint8Array(batch.rows)
	const versions = new Set([...found.values()].map((at) => at.chunk.seriesRef.version))
	const plans = new Map<string, OutcomeSpec | undefined>()
	for (const version of versions)
		plans.set(version, (await writer.plans.specFor(model, version))?.outcomeSummary)
	for (const plan of plans.values()) if (plan) seeOutcomes(group, model, plan, acceptedRows(batch, statuses))
	let fresh = 0
	for (let r = 0; r < batch.rows; r++) {
		if (statuses[r] !== rowStatus.accepted) continue
		const at = found.get(r)
		const before = earlier.get(r) ?? []
		if (!at) {
			// Stored before outcomes were tallied: it is joined when its chunk is.
			waiting[r] = 1
			if (before.length === 0) fresh++
			continue
		}
		const known = plans.get(at.chunk.seriesRef.version)
		if (!known) continue
		const plan = withSeen(known, group, model)
		const own = { batch, row: r }
		const old = latestOutcome(before)
		if (latestOutcome(old ? [old, own] : [own]) !== own) continue
		if (old) {
			group.outcomeSummaries.addOutcome(plan.task, at, outcomeAt(old, plan, at.chunk.joinIndex), -1)
			group.outcomeSummaries.addCorrection(at)
		}
		const outcome = outcomeAt(own, plan, at.chunk.joinIndex)
		group.outcomeSummaries.addOutcome(plan.task, at, outcome, 1)
		if (!old) group.outcomeSummaries.addError(plan.task, at, outcome, batch.ids[r] as string)
	}
	if (fresh > 0) group.statements.push(countWaiting(model, fresh))
	return waiting
}

/** Joins the outcomes that came before these predictions. */
export async function joinWaitingOutcomes(
	writer: Writer,
	group: Group,
	item: Item,
	rows: Int32Array,
	chunk: JoinIndexChunk,
): Promise<void> {
	const [waiting] = await writer.sql.values({
		sql: 'SELECT count FROM log_outcome_waiting WHERE model = ? AND count > 0',
		params: [item.model],
	})
	if (!waiting) return
	const known = (await writer.plans.specFor(item.model, chunk.seriesRef.version))?.outcomeSummary
	if (!known) return
	const ids = Array.from(rows, (r) => item.batch.ids[r] as string)
	const found = await writer.lookup.find(item.model, 'outcome', ids)
	const latest = new Map<number, OutcomeRow>()
	for (const [row, outcomes] of found) {
		const own = latestOutcome(outcomes.map((o) => ({ batch: o.chunk.batch, row: o.row })))
		if (own) latest.set(row, own)
	}
	seeOutcomes(group, item.model, known, latest.values())
	const plan = withSeen(known, group, item.model)
	for (const [row, own] of latest) {
		const outcome = outcomeAt(own, plan, chunk.joinIndex)
		group.outcomeSummaries.addOutcome(plan.task, { chunk, row }, outcome, 1)
		group.outcomeSummaries.addError(plan.task, { chunk, row }, outcome, ids[row] as string)
	}
	if (found.size > 0) group.statements.push(countWaiting(item.model, -found.size))
}

/** The outcome in force of a stored prediction. */
export async function storedOutcome(
	writer: Writer,
	model: string,
	predictionId: string,
	plan: OutcomeSpec,
	joinIndex: JoinIndex,
): Promise<Outcome | undefined> {
	const rows = (await writer.lookup.find(model, 'outcome', [predictionId])).get(0) ?? []
	const latest = latestOutcome(rows.map((o) => ({ batch: o.chunk.batch, row: o.row })))
	return latest && outcomeAt(latest, plan, joinIndex)
}
