import type { Sql } from '../../db/sql.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import type { CommitBatch, Writer } from '../append/commit-batch.ts'
import type { NewChunk } from '../append/new-chunk.ts'
import type { SummarySpec } from '../append/summary-specs.ts'
import type { Location } from '../keys/key-table.ts'
import type { ChunkStore, FoundRow, StoredChunk } from '../read/chunk-store.ts'
import { predictionKey, subjectKey } from '../row-kinds.ts'
import { regroupByFeatures } from './join-groups.ts'
import type { JoinIndexChunk } from './join-index-store.ts'
import { subjectNames } from './subject-name.ts'

const textAt = (batch: RowBatch, index: number | undefined) =>
	index === undefined || index === -1 ? undefined : batch.strings[index]

/**
 * Joins predictions that came without features to stored feature logs: to that of their id, else to the latest of their
 * subject that is not newer. Notes the others with a subject as pending.
 */
export async function joinPredictions(
	writer: Writer,
	commit: CommitBatch,
	{ id: chunkId, item, rows, seriesRef }: NewChunk,
	spec: SummarySpec,
	index: JoinIndexChunk,
): Promise<void> {
	const { model, batch } = item
	const bare = [...rows].map((r, row) => ({ r, row })).filter(({ r }) => batch.hasFeatures[r] !== 1)
	if (bare.length === 0) return
	const names = await subjectNames(writer, model)
	const ids = bare.map(({ r }) => batch.ids[r] as string)
	const subjects = bare.map(({ r }) => textAt(batch, batch.subjects[r]))
	const subjectKeys = subjects.map((s) => subjectKey(s ?? ''))
	const byId = await writer.lookup.find(model, 'feature', ids.map(predictionKey))
	const bySubject = await writer.lookup.find(model, 'feature', subjectKeys)
	for (const [i, { r, row }] of bare.entries()) {
		const at = batch.timestamps[r] as number
		const subject = subjects[i]
		const own = byId.get(i)?.[0]
		const log = own ?? (subject === undefined ? undefined : latestBefore(bySubject.get(i) ?? [], at))
		if (log) {
			const features = { batch: log.chunk.batch, row: log.row }
			commit.inputDeltas.addFeatures(seriesRef, spec, features, { batch, row: r })
			commit.statements.push(joinInsert({ chunk: chunkId, row }, { chunk: log.chunk.id, row: log.row }))
			await regroupByFeatures(writer, commit, spec, { chunk: index, row }, features, ids[i] as string)
		} else if (subject !== undefined)
			commit.statements.push({
				sql: 'INSERT INTO log_waiting (model, subject, at, chunk, row) VALUES (?, ?, ?, ?, ?)',
				params: [model, names.toStore(subject), at, chunkId, row],
			})
	}
}

/** The latest feature log at or before a time. */
function latestBefore(rows: readonly FoundRow[], at: number): FoundRow | undefined {
	let best: FoundRow | undefined
	const timeOf = (f: FoundRow) => f.chunk.batch.timestamps[f.row] as number
	for (const row of rows) if (timeOf(row) <= at && (!best || timeOf(row) > timeOf(best))) best = row
	return best
}

const joinInsert = (prediction: Location, features: Location) => ({
	sql: 'INSERT OR IGNORE INTO log_join (chunk, row, feature_chunk, feature_row) VALUES (?, ?, ?, ?)',
	params: [prediction.chunk, prediction.row, features.chunk, features.row],
})

/** Joins feature logs to predictions that are pending. The first join of a prediction stays. */
export async function joinFeatureLogs(writer: Writer, commit: CommitBatch, chunk: NewChunk): Promise<void> {
	const { model, batch } = chunk.item
	const names = await subjectNames(writer, model)
	const logs = [...chunk.rows].map((r, row) => ({ r, row, key: batch.ids[r] as string }))
	const named = logs.filter(({ key }) => key.startsWith('p'))
	const ids = named.map(({ key }) => key.slice(1))
	const predictions = await writer.lookup.find(model, 'prediction', ids)
	for (const [i, { r, row }] of named.entries()) {
		const prediction = predictions.get(i)?.[0]
		if (prediction) await joinStored(writer, commit, prediction, { batch, row: r }, { chunk: chunk.id, row })
	}
	for (const { r, row, key } of logs.filter((log) => log.key.startsWith('s'))) {
		const subjects = names.toFind(key.slice(1))
		const pending = await writer.sql.all<{ at: number; chunk: number; row: number }>({
			sql: 'SELECT at, chunk, row FROM log_waiting WHERE model = ? AND subject IN (?, ?) AND at >= ?',
			params: [model, ...subjects, batch.timestamps[r] as number],
		})
		for (const location of pending) {
			const prediction = await writer.store.resolve(location)
			if (!prediction) continue
			commit.statements.push({
				sql: 'DELETE FROM log_waiting WHERE model = ? AND subject IN (?, ?) AND at = ? AND chunk = ? AND row = ?',
				params: [model, ...subjects, location.at, location.chunk, location.row],
			})
			await joinStored(writer, commit, prediction, { batch, row: r }, { chunk: chunk.id, row })
		}
	}
}

/** Joins a stored prediction to features, unless it has some: its own, or joined ones. */
async function joinStored(
	writer: Writer,
	commit: CommitBatch,
	prediction: FoundRow,
	features: { batch: RowBatch; row: number },
	featuresAt: Location,
): Promise<void> {
	const { chunk, row, location } = prediction
	const key = `${chunk.id} ${row}`
	if (chunk.batch.hasFeatures[row] === 1 || commit.joined.has(key)) return
	if (await isJoined(writer, chunk.id, row)) return
	commit.joined.add(key)
	commit.statements.push(joinInsert({ chunk: chunk.id, row }, featuresAt))
	const series = writer.series.get(chunk.series)
	if (!series) return
	const { model, version, environment } = series
	const spec = await writer.specs.specFor(model, version)
	if (!spec) return
	// A chunk that is not summarised with these bins yet will be, and the join counts then.
	if (await isSummarised(writer, chunk, spec.binsId))
		commit.inputDeltas.addFeatures({ model, version, environment }, spec, features, {
			batch: chunk.batch,
			row,
		})
	const index = await writer.joinIndexes.chunk(location.chunk)
	const id = chunk.batch.ids[row] as string
	if (index) await regroupByFeatures(writer, commit, spec, { chunk: index, row: location.row }, features, id)
}

async function isJoined({ sql }: Writer, chunk: number, row: number): Promise<boolean> {
	const rows = await sql.all({
		sql: 'SELECT 1 AS joined FROM log_join WHERE chunk = ? AND row = ?',
		params: [chunk, row],
	})
	return rows.length > 0
}

async function isSummarised({ sql }: Writer, chunk: StoredChunk, binsId: number): Promise<boolean> {
	if (chunk.bins === binsId) return true
	const rows = await sql.all({
		sql: 'SELECT 1 AS summarised FROM log_covered WHERE chunk = ? AND grid = ?',
		params: [chunk.id, binsId],
	})
	return rows.length > 0
}

/** The features that were joined to the predictions of a chunk. */
export async function joinedFeatures(
	sql: Sql,
	store: ChunkStore,
	chunk: number,
): Promise<{ row: number; features: { batch: RowBatch; row: number } }[]> {
	const joins = await sql.all<{ row: number; featureChunk: number; featureRow: number }>({
		sql: 'SELECT row, feature_chunk AS featureChunk, feature_row AS featureRow FROM log_join WHERE chunk = ?',
		params: [chunk],
	})
	const list: Awaited<ReturnType<typeof joinedFeatures>> = []
	for (const { row, featureChunk, featureRow } of joins) {
		const found = await store.resolve({ chunk: featureChunk, row: featureRow })
		if (found) list.push({ row, features: { batch: found.chunk.batch, row: found.row } })
	}
	return list
}
