import type { SeriesRef } from '../../core/series.ts'
import type { Sql } from '../../db/sql.ts'
import type { Bins } from '../../summaries/inputs/bins.ts'
import { InputDeltas } from '../append/input-deltas.ts'
import { SeriesTable } from '../append/series-table.ts'
import { type SummarySpec, SummarySpecs } from '../append/summary-specs.ts'
import { joinedFeatures } from '../join/join-features.ts'
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
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	deltas.addRows(seriesRef, spec, batch, rows)
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
