import type { SeriesRef } from '../../core/series.ts'
import type { Sql } from '../../db/sql.ts'
import type { Bins } from '../../summaries/inputs/bins.ts'
import { newCommitBatch, noChunkSince, type Writer } from '../append/commit-batch.ts'
import { InputDeltas } from '../append/input-deltas.ts'
import { SeriesTable } from '../append/series-table.ts'
import { type SummarySpec, SummarySpecs } from '../append/summary-specs.ts'
import { rowsLeft } from '../erase/blank-rows.ts'
import { noErasureSince } from '../erase/erased-ids.ts'
import { latestStored, outcomeAt } from '../join/current-outcome.ts'
import { joinedFeatures } from '../join/join-features.ts'
import { regroupByFeatures } from '../join/join-groups.ts'
import { addPending, indexPredictions } from '../join/join-outcomes.ts'
import type { ChunkStore } from '../read/chunk-store.ts'
import { kindNumber } from '../row-kinds.ts'

/**
 * Summarises the rows of a version that were stored before `bins` were current, newest day first, one chunk in a commit: after
 * a crash each chunk is either done or not. Does nothing when other bins are current.
 */
export async function rebuildInputSummaries(
	sql: Sql,
	store: ChunkStore,
	model: string,
	version: string,
	bins: Bins,
): Promise<void> {
	const spec = await new SummarySpecs(sql).specFor(model, version)
	if (!spec || spec.bins.digest !== bins.digest) return
	const series = new SeriesTable(sql)
	await series.refresh()
	const chunks = await sql.all<{ id: number; environment: string }>({
		sql: `SELECT c.id AS id, s.environment AS environment
			FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = ?1
			WHERE s.model = ?2 AND s.version = ?3 AND s.segment = '' AND c.grid IS NOT ?4
			AND NOT EXISTS (SELECT 1 FROM log_covered v WHERE v.chunk = c.id AND v.grid = ?4) ORDER BY c.day DESC, c.id`,
		params: [kindNumber.prediction, model, version, spec.binsId],
	})
	for (const { id, environment } of chunks)
		await rebuildChunk(sql, store, series, { model, version, environment }, spec, id)
}

async function rebuildChunk(
	sql: Sql,
	store: ChunkStore,
	series: SeriesTable,
	seriesRef: SeriesRef,
	spec: SummarySpec,
	id: number,
): Promise<void> {
	const chunk = await store.chunk(id)
	if (!chunk) return
	const { batch } = chunk
	const deltas = new InputDeltas(series)
	const rows = rowsLeft(batch) ?? Int32Array.from({ length: batch.rows }, (_, r) => r)
	if (rows.length > 0) deltas.addRows(seriesRef, spec, batch, rows)
	for (const { row, features } of await joinedFeatures(sql, store, id))
		deltas.addFeatures(seriesRef, spec, features, { batch, row })
	await sql.batch([
		...series.pending(),
		// Fails, and the batch with it, when another process has done this chunk.
		{
			sql: 'INSERT INTO log_covered (chunk, grid) SELECT id, ? FROM log_chunk WHERE id = ?',
			params: [spec.binsId, id],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() > 0)' },
		...deltas.statements(id),
	])
	series.stored()
}

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
	const commit = newCommitBatch(writer, id)
	const item = { model, kind: 'prediction' as const, batch }
	const chunk = indexPredictions(writer, commit, { id, item, rows, seriesRef, day }, spec)
	let pending = 0
	for (const [row, found] of await writer.lookup.find(model, 'outcome', batch.ids)) {
		const latest = latestStored(found)
		if (latest)
			commit.outcomeDeltas.addOutcome(
				task,
				{ chunk, row },
				outcomeAt(latest, spec.outcomes, chunk.joinIndex),
				1,
			)
		// Only outcomes that arrived since then were counted as pending.
		if (found.every((o) => o.chunk.id >= from)) pending++
	}
	if (pending > 0) commit.statements.push(addPending(model, -pending))
	for (const { row, features } of await joinedFeatures(writer.sql, writer.store, id))
		await regroupByFeatures(writer, commit, spec, { chunk, row }, features, batch.ids[row] as string)
	await writer.sql.batch([
		noChunkSince(writer.nextChunk),
		noErasureSince(writer.erasedIds.erasures),
		...writer.series.pending(),
		...writer.groupValues.pending(),
		...commit.statements,
		...commit.outcomeDeltas.statements(id),
	])
	writer.series.stored()
	writer.groupValues.stored()
	return true
}
