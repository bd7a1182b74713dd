import type { SeriesRef } from '../core/series.ts'
import type { Sql } from '../db/sql.ts'
import type { Bins } from '../summaries/inputs/bins.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import { type ChunkStore, kindNumber, type StoredChunk } from './chunk-store.ts'
import { Deltas } from './deltas.ts'
import { SeriesTable } from './series-table.ts'
import { type SummarySpec, SummarySpecs } from './summary-specs.ts'

/**
 * Summarises the rows of a version that were stored before `grid` was in force, newest day first, a chunk a commit:
 * a crash leaves each chunk either done or not. Does nothing when the grid is no longer the one in force.
 */
export async function rebuildInputSummaries(
	sql: Sql,
	store: ChunkStore,
	model: string,
	version: string,
	bins: Bins,
): Promise<void> {
	const plan = await new SummarySpecs(sql).specFor(model, version)
	if (!plan || plan.bins.digest !== bins.digest) return
	const series = new SeriesTable(sql)
	await series.refresh()
	const chunks = (await sql.values({
		sql: `SELECT c.id, s.environment FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = ?1
			WHERE s.model = ?2 AND s.version = ?3 AND s.segment = '' AND c.grid IS NOT ?4
			AND NOT EXISTS (SELECT 1 FROM log_covered v WHERE v.chunk = c.id AND v.grid = ?4) ORDER BY c.day DESC, c.id`,
		params: [kindNumber.prediction, model, version, plan.binsId],
	})) as unknown as [number, string][]
	for (const [id, environment] of chunks)
		await rebuildChunk(sql, store, series, { model, version, environment }, plan, id)
}

async function rebuildChunk(
	sql: Sql,
	store: ChunkStore,
	series: SeriesTable,
	seriesRef: SeriesRef,
	plan: SummarySpec,
	id: number,
): Promise<void> {
	const chunk = await store.chunk(id)
	if (!chunk) return
	const deltas = new Deltas(series)
	deltas.addRows(
		seriesRef,
		plan,
		chunk.batch,
		Int32Array.from({ length: chunk.batch.rows }, (_, r) => r),
	)
	for (const [row, features] of await joinsOf(sql, store, chunk))
		deltas.addFeatures(seriesRef, plan, features, { batch: chunk.batch, row })
	await sql.batch([
		...series.pending(),
		// Fails, and with it the batch, when another process has done this chunk.
		{
			sql: 'INSERT INTO log_covered (chunk, grid) SELECT id, ? FROM log_chunk WHERE id = ?',
			params: [plan.binsId, id],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() > 0)' },
		...deltas.statements(id),
	])
	series.stored()
}

async function joinsOf(
	sql: Sql,
	store: ChunkStore,
	chunk: StoredChunk,
): Promise<[number, { batch: RowBatch; row: number }][]> {
	const rows = (await sql.values({
		sql: 'SELECT row, feature_chunk, feature_row FROM log_join WHERE chunk = ?',
		params: [chunk.id],
	})) as unknown as [number, number, number][]
	const joins: [number, { batch: RowBatch; row: number }][] = []
	for (const [row, featureChunk, featureRow] of rows) {
		const found = await store.resolve({ chunk: featureChunk, row: featureRow })
		if (found) joins.push([row, { batch: found.chunk.batch, row: found.row }])
	}
	return joins
}
