import type { Sql } from '../db/sql.ts'
import { type Column, cellValue, type RowBatch } from '../summaries/inputs/columns.ts'
import type { FoundRow } from './chunk-store.ts'
import { type KeyLookup, predictionKey, subjectKey } from './deduplicate.ts'
import { latestOutcome } from './latest-outcome.ts'
import type { SentGroups, StoredPrediction } from './prediction-log.ts'
import type { SeriesTable } from './series-table.ts'

export type Reader = { sql: Sql; lookup: KeyLookup; series: SeriesTable }

/** One prediction with its joined features and its outcomes, the latest one first named. */
export async function readPrediction(
	reader: Reader,
	model: string,
	predictionId: string,
): Promise<StoredPrediction | undefined> {
	const [hit] = await reader.lookup.findOne(model, 'prediction', predictionId)
	if (!hit) return undefined
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

/** The groups that were sent for a prediction by its id, and for its subject. */
export async function readGroups(
	{ lookup }: Reader,
	model: string,
	predictionId: string,
): Promise<SentGroups[] | undefined> {
	const [hit] = await lookup.findOne(model, 'prediction', predictionId)
	const subject = hit?.chunk.batch.strings[hit.chunk.batch.subjects[hit.row] as number]
	const keys = [
		['predictionId', predictionKey(predictionId)],
		...(subject === undefined ? [] : [['subject', subjectKey(subject)]]),
	] as ['predictionId' | 'subject', string][]
	const sent: SentGroups[] = []
	for (const [by, key] of keys)
		for (const { chunk, row } of await lookup.findOne(model, 'group', key))
			sent.push({
				by,
				timestamp: chunk.batch.timestamps[row] as number,
				groups: toRecord(chunk.batch.features, row, chunk.batch.strings),
			})
	return sent.length === 0 ? undefined : sent
}

/** The actual of the outcome in force of each prediction; undefined where none is known, or never can be. */
export async function readActuals(
	{ lookup }: Reader,
	model: string,
	ids: readonly string[],
): Promise<unknown[]> {
	const found = await lookup.find(model, 'outcome', ids)
	return ids.map((_, i) => {
		const latest = latestOutcome((found.get(i) ?? []).map(({ chunk, row }) => ({ batch: chunk.batch, row })))
		if (!latest || latest.batch.extras[latest.row] !== -1) return undefined
		return cellValue(latest.batch.labels, latest.row, latest.batch.strings)
	})
}

async function joinedFeatures(reader: Reader, hit: FoundRow) {
	const [join] = await reader.sql.values({
		sql: 'SELECT feature_chunk, feature_row FROM log_join WHERE chunk = ? AND row = ?',
		params: [hit.place.chunk, hit.place.row],
	})
	if (!join) return undefined
	const [chunk, row] = join as unknown as [number, number]
	const found = await reader.lookup.resolve({ chunk, row })
	return found && { batch: found.chunk.batch, row: found.row }
}

async function outcomesOf(reader: Reader, model: string, predictionId: string) {
	const rows = await reader.lookup.findOne(model, 'outcome', predictionId)
	if (rows.length === 0) return {}
	const history = rows.map(({ chunk: { batch }, row }) => ({
		actual: cellValue(batch.labels, row, batch.strings),
		timestamp: batch.timestamps[row] as number,
		observed: batch.extras[row] === -1,
	}))
	// The latest by its own time is what counts; of equal times, the one that came last.
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

/** A row of a batch as it was sent. Features that came apart from it are not in it: then they are null. */
export const predictionAt = (batch: RowBatch, row: number) => ({
	...toPrediction(batch, row),
	features: batch.hasFeatures[row] === 1 ? toRecord(batch.features, row, batch.strings) : null,
})

/** The members that a row was sent with, but its features. */
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
