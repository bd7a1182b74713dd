import { encodeJoinIndex } from '../../summaries/outcomes/join-index.ts'
import { makeJoinIndex, type OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import type { CommitBatch, Writer } from '../append/commit-batch.ts'
import type { AppendItem, Deduplicated } from '../append/deduplicate.ts'
import type { NewChunk } from '../append/new-chunk.ts'
import type { SummarySpec } from '../append/summary-specs.ts'
import type { AppendStatus } from '../prediction-log.ts'
import { rowStatus } from '../row-kinds.ts'
import { latestOutcome, latestStored, type OutcomeRow, outcomeAt } from './current-outcome.ts'
import { type JoinIndexChunk, newJoinIndexChunk } from './join-index-store.ts'
import { learnFromOutcomes, withLearnt } from './negative-label.ts'

/** Counts predictions in the outcome summaries of their hours, and stores what their outcomes will be compared with. */
export function indexPredictions(
	writer: Writer,
	commit: CommitBatch,
	{ id, item, rows, seriesRef, day }: Omit<NewChunk, 'hashes'>,
	spec: SummarySpec,
): JoinIndexChunk {
	const { model, batch } = item
	const ids = Array.from(rows, (r) => batch.ids[r] as string)
	const joinIndex = makeJoinIndex(
		batch,
		rows,
		spec.outcomes,
		writer.joinIndexes.checks(model, ids),
		(attribute, value) => writer.groupValues.groupOf(model, attribute, value),
	)
	const chunk = newJoinIndexChunk(id, joinIndex, seriesRef, day)
	for (let row = 0; row < rows.length; row++)
		commit.outcomeDeltas.addPrediction(spec.outcomes.task, { chunk, row })
	commit.statements.push({
		sql: 'INSERT INTO log_brief (chunk, bytes) VALUES (?, ?)',
		params: [id, encodeJoinIndex(joinIndex)],
	})
	return chunk
}

function* acceptedRows(batch: OutcomeRow['batch'], statuses: Uint8Array): Iterable<OutcomeRow> {
	for (let row = 0; row < batch.rows; row++) if (statuses[row] === rowStatus.accepted) yield { batch, row }
}

/** Changes how many predictions have outcomes but have not arrived. */
export const addPending = (model: string, count: number) => ({
	sql: `INSERT INTO log_outcome_waiting (model, count) VALUES (?, ?)
		ON CONFLICT (model) DO UPDATE SET count = count + excluded.count`,
	params: [model, count],
})

/**
 * Adds accepted outcomes to the summaries of their predictions' hours; a correction first takes back what it replaces.
 * Outcomes whose prediction has not arrived stay pending.
 */
export async function joinOutcomes(
	writer: Writer,
	commit: CommitBatch,
	{ batch, model }: AppendItem,
	{ statuses, earlier }: Deduplicated,
): Promise<AppendStatus> {
	const hashes = writer.lookup.hash(model, 'prediction', batch.ids)
	const predictions = await writer.joinIndexes.find(model, batch.ids, hashes)
	const versions = new Set([...predictions.values()].map((at) => at.chunk.seriesRef.version))
	const specs = new Map<string, OutcomeSpec | undefined>()
	for (const version of versions) specs.set(version, (await writer.specs.specFor(model, version))?.outcomes)
	for (const spec of specs.values())
		if (spec) learnFromOutcomes(commit, model, spec, acceptedRows(batch, statuses))
	const pendingRows = new Uint8Array(batch.rows)
	let [pending, newlyPending] = [0, 0]
	for (let r = 0; r < batch.rows; r++) {
		if (statuses[r] !== rowStatus.accepted) continue
		const at = predictions.get(r)
		const before = earlier.get(r) ?? []
		if (!at) {
			// Or it was stored before outcomes were summarised: then it is joined when its chunk is.
			pendingRows[r] = 1
			pending++
			if (before.length === 0) newlyPending++
			continue
		}
		const known = specs.get(at.chunk.seriesRef.version)
		if (!known) continue
		const spec = withLearnt(known, commit, model)
		const own = { batch, row: r }
		const old = latestOutcome(before)
		if (latestOutcome(old ? [old, own] : [own]) !== own) continue
		const { outcomeDeltas } = commit
		if (old) {
			outcomeDeltas.addOutcome(spec.task, at, outcomeAt(old, spec, at.chunk.joinIndex), -1)
			outcomeDeltas.addCorrection(at)
		}
		const outcome = outcomeAt(own, spec, at.chunk.joinIndex)
		outcomeDeltas.addOutcome(spec.task, at, outcome, 1)
		if (!old) outcomeDeltas.addError(spec.task, at, outcome, batch.ids[r] as string)
	}
	if (newlyPending > 0) commit.statements.push(addPending(model, newlyPending))
	return { statuses, pendingRows, pending }
}

/** Joins the outcomes that arrived before these predictions. */
export async function joinPendingOutcomes(
	writer: Writer,
	commit: CommitBatch,
	{ item, rows }: NewChunk,
	chunk: JoinIndexChunk,
): Promise<void> {
	const { model } = item
	const pending = await writer.sql.all({
		sql: 'SELECT 1 AS pending FROM log_outcome_waiting WHERE model = ? AND count > 0',
		params: [model],
	})
	if (pending.length === 0) return
	const known = (await writer.specs.specFor(model, chunk.seriesRef.version))?.outcomes
	if (!known) return
	const ids = Array.from(rows, (r) => item.batch.ids[r] as string)
	const found = await writer.lookup.find(model, 'outcome', ids)
	const latest = new Map<number, OutcomeRow>()
	for (const [row, outcomes] of found) {
		const own = latestStored(outcomes)
		if (own) latest.set(row, own)
	}
	learnFromOutcomes(commit, model, known, latest.values())
	const spec = withLearnt(known, commit, model)
	for (const [row, own] of latest) {
		const outcome = outcomeAt(own, spec, chunk.joinIndex)
		commit.outcomeDeltas.addOutcome(spec.task, { chunk, row }, outcome, 1)
		commit.outcomeDeltas.addError(spec.task, { chunk, row }, outcome, ids[row] as string)
	}
	if (found.size > 0) commit.statements.push(addPending(model, -found.size))
}
