import type { Sql } from '../../db/sql.ts'
import type { Column, RowBatch } from '../../summaries/inputs/columns.ts'
import { cellValue } from '../../summaries/inputs/columns.ts'
import type { SeriesTable } from '../append/series-table.ts'
import type { ErasedIds } from '../erase/erased-ids.ts'
import { isObserved, latestStored } from '../join/current-outcome.ts'
import type { KeyLookup } from '../keys/key-index.ts'
import type {
	PredictionLog,
	SentGroups,
	StoredPrediction,
	SubjectRow,
	SubjectRows,
} from '../prediction-log.ts'
import { predictionKey, type RowKind, subjectKey } from '../row-kinds.ts'
import type { ChunkStore, FoundRow } from './chunk-store.ts'

export type Reader = {
	sql: Sql
	lookup: KeyLookup
	store: ChunkStore
	series: SeriesTable
	erasedIds: ErasedIds
}

/**
 * The reads of the log that need the key index. They run where the index is: on the writer thread, or in this one. A new read
 * is a function here and its type in `PredictionLog`.
 */
export const readsById = (run: <T>(read: (reader: Reader) => Promise<T>) => Promise<T>) =>
	({
		placesOf: (model, kind, id) => run((reader) => readPlaces(reader, model, kind, id)),
		read: (model, predictionId) => run((reader) => readPrediction(reader, model, predictionId)),
		isErased: (model, predictionId) => run(({ erasedIds }) => erasedIds.has(model, predictionId)),
		groups: (model, predictionId) => run((reader) => readGroups(reader, model, predictionId)),
		actuals: (model, ids) => run((reader) => readActuals(reader, model, ids)),
	}) satisfies Partial<PredictionLog>

/** A chunk as ingest stored it has been sealed, or will be; others were made by folding. */
async function readPlaces({ lookup, sql }: Reader, model: string, kind: RowKind, id: string) {
	const places: { chunk: number; row: number }[] = []
	for (const { location } of await lookup.findOne(model, kind, id))
		places.push(
			...(await sql.all<{ chunk: number; row: number }>({
				sql: `SELECT chunk, row FROM (SELECT ?1 AS chunk, ?2 AS row UNION ALL
						SELECT id, ?2 - first FROM log_alias WHERE target = ?1 AND first <= ?2 AND first + rows > ?2) p
					WHERE EXISTS (SELECT 1 FROM log_sealed s WHERE s.chunk = p.chunk)
					OR EXISTS (SELECT 1 FROM log_unsealed u WHERE u.chunk = p.chunk)`,
				params: [location.chunk, location.row],
			})),
		)
	return places
}

/** One prediction with the features that were joined to it and its outcomes. */
async function readPrediction(
	reader: Reader,
	model: string,
	predictionId: string,
): Promise<StoredPrediction | undefined> {
	const [hit] = await reader.lookup.findOne(model, 'prediction', predictionId)
	// While its values are being destroyed nobody reads them.
	if (!hit || (await reader.erasedIds.has(model, predictionId))) return undefined
	const series = reader.series.get(hit.chunk.series)
	if (!series) return undefined
	const { batch } = hit.chunk
	const features =
		batch.hasFeatures[hit.row] === 1 ? { batch, row: hit.row } : await joinedFeatures(reader, hit)
	return {
		...toPrediction(batch, hit.row),
		model,
		version: series.version,
		environment: series.environment,
		features: features ? toRecord(features.batch.features, features.row, features.batch.strings) : null,
		...(await outcomesOf(reader, model, predictionId)),
	}
}

/** The groups that were sent for a prediction, by its id and by its subject. */
async function readGroups(
	{ lookup, erasedIds }: Reader,
	model: string,
	predictionId: string,
): Promise<SentGroups[]> {
	if (await erasedIds.has(model, predictionId)) return []
	const [hit] = await lookup.findOne(model, 'prediction', predictionId)
	const subject = hit?.chunk.batch.strings[hit.chunk.batch.subjects[hit.row] as number]
	const keys: ['predictionId' | 'subject', string][] = [['predictionId', predictionKey(predictionId)]]
	if (subject !== undefined) keys.push(['subject', subjectKey(subject)])
	const sent: SentGroups[] = []
	for (const [by, key] of keys)
		for (const { chunk, row } of await lookup.findOne(model, 'group', key))
			sent.push({
				by,
				timestamp: chunk.batch.timestamps[row] as number,
				groups: toRecord(chunk.batch.features, row, chunk.batch.strings),
			})
	return sent
}

/** The current actual of each prediction; undefined where there is none, or it cannot be observed. */
async function readActuals({ lookup }: Reader, model: string, ids: readonly string[]): Promise<unknown[]> {
	const found = await lookup.find(model, 'outcome', ids)
	return ids.map((_, i) => {
		const latest = latestStored(found.get(i) ?? [])
		if (!latest || !isObserved(latest)) return undefined
		return cellValue(latest.batch.labels, latest.row, latest.batch.strings)
	})
}

/** The rows that name these predictions or the subject itself, by kind. */
export async function readNamed(
	{ lookup }: Reader,
	model: string,
	subject: string,
	ids: readonly string[],
): Promise<Omit<SubjectRows, 'predictions'>> {
	const keys = [subjectKey(subject), ...ids.map(predictionKey)]
	const read = async (
		kind: RowKind,
		names: readonly string[],
		contentOf: (batch: RowBatch, row: number) => SubjectRow['content'],
	) => {
		const rows: SubjectRow[] = []
		for (const name of names)
			for (const { chunk, row, location } of await lookup.findOne(model, kind, name))
				rows.push({
					...location,
					id: kind === 'outcome' ? name : name.startsWith('p') ? name.slice(1) : '',
					timestamp: chunk.batch.timestamps[row] as number,
					content: contentOf(chunk.batch, row),
				})
		return rows
	}
	const valuesOf = (batch: RowBatch, row: number) => toRecord(batch.features, row, batch.strings)
	return {
		features: await read('feature', keys, (batch, row) => ({ features: valuesOf(batch, row) })),
		groups: await read('group', keys, (batch, row) => ({ groups: valuesOf(batch, row) })),
		outcomes: await read('outcome', ids, (batch, row) => ({
			actual: cellValue(batch.labels, row, batch.strings),
			observed: isObserved({ batch, row }),
		})),
	}
}

async function joinedFeatures({ sql, store }: Reader, hit: FoundRow) {
	const [join] = await sql.all<{ chunk: number; row: number }>({
		sql: 'SELECT feature_chunk AS chunk, feature_row AS row FROM log_join WHERE chunk = ? AND row = ?',
		params: [hit.location.chunk, hit.location.row],
	})
	const found = join && (await store.resolve(join))
	return found && { batch: found.chunk.batch, row: found.row }
}

async function outcomesOf({ lookup }: Reader, model: string, predictionId: string) {
	const rows = await lookup.findOne(model, 'outcome', predictionId)
	if (rows.length === 0) return {}
	const history = rows.map(({ chunk: { batch }, row }) => ({
		actual: cellValue(batch.labels, row, batch.strings),
		timestamp: batch.timestamps[row] as number,
		observed: isObserved({ batch, row }),
	}))
	const outcome = history.reduce((best, next) => (next.timestamp >= best.timestamp ? next : best))
	return { outcome, outcomeHistory: history }
}

function toRecord(
	columns: Map<string, Column>,
	row: number,
	strings: readonly string[],
): Record<string, unknown> {
	const record: Record<string, unknown> = Object.create(null)
	for (const [name, column] of columns) {
		const value = cellValue(column, row, strings)
		if (value !== undefined) record[name] = value
	}
	return record
}

/** A row of a batch as it was sent. Its features are null when they were sent separately. */
export const predictionAt = (batch: RowBatch, row: number) => ({
	...toPrediction(batch, row),
	features: batch.hasFeatures[row] === 1 ? toRecord(batch.features, row, batch.strings) : null,
})

/** The members that a row was sent with, without its features. */
function toPrediction(batch: RowBatch, row: number) {
	const extra = batch.extras[row] as number
	const subject = batch.subjects[row] as number
	const label = cellValue(batch.labels, row, batch.strings)
	const segment = toRecord(batch.segments, row, batch.strings)
	return {
		predictionId: batch.ids[row] as string,
		timestamp: batch.timestamps[row] as number,
		...(Number.isNaN(batch.scores[row]) ? {} : { score: batch.scores[row] as number }),
		...(label === undefined ? {} : { label }),
		...(Number.isNaN(batch.latencies[row]) ? {} : { latencyMs: batch.latencies[row] as number }),
		...(subject === -1 ? {} : { subject: batch.strings[subject] as string }),
		...(Object.keys(segment).length === 0 ? {} : { segment }),
		...(extra === -1 ? {} : (JSON.parse(batch.strings[extra] as string) as Record<string, unknown>)),
	}
}
