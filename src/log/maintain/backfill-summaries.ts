import { encodeJoinIndex } from '../../summaries/outcomes/join-index.ts'
import { makeJoinIndex } from '../../summaries/outcomes/make-join-index.ts'
import { newCommitBatch, noChunkSince, type Writer } from '../append/commit-batch.ts'
import { latestStored, outcomeAt } from '../join/current-outcome.ts'
import { joinedFeatures } from '../join/join-features.ts'
import { regroupByFeatures } from '../join/join-groups.ts'
import { newJoinIndexChunk } from '../join/join-index-store.ts'
import { addPending } from '../join/join-outcomes.ts'
import { kindNumber } from '../row-kinds.ts'

/** Holds the first chunk after which outcomes are counted; 1 once every chunk has been summarised. */
const stateKey = 'tally_from'

/**
 * Summarises predictions that were stored before outcomes were summarised, with the outcomes known now: one chunk in a commit,
 * at most `max` of them. Returns the number of chunks; 0 when none is left.
 */
export async function backfillSummaries(writer: Writer, max: number): Promise<number> {
	const { sql } = writer
	const [state] = await sql.all<{ value: string }>({
		sql: 'SELECT value FROM log_state WHERE key = ? AND CAST(value AS INTEGER) > 1',
		params: [stateKey],
	})
	if (!state) return 0
	const chunks = await sql.all<{ id: number; series: number; day: number }>({
		sql: `SELECT c.id AS id, c.series AS series, c.day AS day FROM log_chunk c WHERE c.kind = ?
			AND NOT EXISTS (SELECT 1 FROM log_brief b WHERE b.chunk = c.id) ORDER BY c.id LIMIT ?`,
		params: [kindNumber.prediction, max],
	})
	if (chunks.length === 0)
		await sql.batch([{ sql: "UPDATE log_state SET value = '1' WHERE key = ?", params: [stateKey] }])
	const from = Number(state.value)
	let done = 0
	for (const chunk of chunks) if (await backfillChunk(writer, { ...chunk, from })) done++
	return done
}

/** False when its version is no longer registered. */
async function backfillChunk(
	writer: Writer,
	{ id, series, day, from }: { id: number; series: number; day: number; from: number },
): Promise<boolean> {
	const seriesRef = writer.series.get(series)
	const stored = await writer.store.chunk(id)
	const spec = seriesRef && (await writer.specs.specFor(seriesRef.model, seriesRef.version))
	if (!seriesRef || !stored || !spec) return false
	const { model } = seriesRef
	const { batch } = stored
	const { task } = spec.outcomes
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	const joinIndex = makeJoinIndex(
		batch,
		rows,
		spec.outcomes,
		writer.joinIndexes.checks(model, batch.ids),
		(attribute, value) => writer.groupValues.groupOf(model, attribute, value),
	)
	const chunk = newJoinIndexChunk(id, joinIndex, seriesRef, day)
	const commit = newCommitBatch(writer, id)
	commit.statements.push({
		sql: 'INSERT INTO log_brief (chunk, bytes) VALUES (?, ?)',
		params: [id, encodeJoinIndex(joinIndex)],
	})
	let pending = 0
	for (const row of rows) commit.outcomeDeltas.addPrediction(task, { chunk, row })
	for (const [row, found] of await writer.lookup.find(model, 'outcome', batch.ids)) {
		const latest = latestStored(found)
		if (latest)
			commit.outcomeDeltas.addOutcome(task, { chunk, row }, outcomeAt(latest, spec.outcomes, joinIndex), 1)
		// Only outcomes that arrived since then were counted as pending.
		if (found.every((o) => o.chunk.id >= from)) pending++
	}
	if (pending > 0) commit.statements.push(addPending(model, -pending))
	for (const { row, features } of await joinedFeatures(writer.sql, writer.store, id))
		await regroupByFeatures(writer, commit, spec, { chunk, row }, features, batch.ids[row] as string)
	await writer.sql.batch([
		noChunkSince(writer.nextChunk),
		...writer.series.pending(),
		...writer.groupValues.pending(),
		...commit.statements,
		...commit.outcomeDeltas.statements(id),
	])
	writer.series.stored()
	writer.groupValues.stored()
	return true
}
