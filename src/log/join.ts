import type { RowBatch } from '../summaries/inputs/columns.ts'
import type { Bucket, Group, Writer } from './append.ts'
import type { FoundRow } from './chunk-store.ts'
import { type Item, predictionKey, subjectKey } from './deduplicate.ts'
import { regroupByFeatures } from './join-groups.ts'
import type { JoinIndexChunk } from './join-index-store.ts'
import type { SummarySpec } from './summary-specs.ts'

const textAt = (batch: RowBatch, index: number | undefined) =>
	index === undefined || index === -1 ? undefined : batch.strings[index]

/** Joins predictions that came without features to feature logs that are there already; notes the others as waiting. */
export async function joinPredictions(
	writer: Writer,
	group: Group,
	item: Item,
	bucket: Bucket,
	plan: SummarySpec,
	chunk: number,
	joinIndex: JoinIndexChunk,
): Promise<void> {
	const { batch } = item
	const rows = [...bucket.rows]
		.map((r, place) => ({ r, place }))
		.filter(({ r }) => batch.hasFeatures[r] !== 1)
	if (rows.length === 0) return
	const byId = await writer.lookup.find(
		item.model,
		'feature',
		rows.map(({ r }) => predictionKey(batch.ids[r] as string)),
	)
	const subjects = rows.map(({ r }) => textAt(batch, batch.subjects[r]))
	const bySubject = await writer.lookup.find(
		item.model,
		'feature',
		subjects.map((s) => subjectKey(s ?? '')),
	)
	for (const [i, { r, place }] of rows.entries()) {
		const at = batch.timestamps[r] as number
		const subject = subjects[i]
		const own = byId.get(i)?.[0]
		const feature = own ?? (subject === undefined ? undefined : latestBefore(bySubject.get(i) ?? [], at))
		if (feature) {
			group.deltas.addFeatures(
				bucket.seriesRef,
				plan,
				{ batch: feature.chunk.batch, row: feature.row },
				{ batch, row: r },
			)
			group.statements.push(joinStatement(chunk, place, feature.chunk.id, feature.row))
			const features = { batch: feature.chunk.batch, row: feature.row }
			await regroupByFeatures(
				writer,
				group,
				plan,
				{ chunk: joinIndex, row: place },
				features,
				batch.ids[r] as string,
			)
		} else if (subject !== undefined)
			group.statements.push({
				sql: 'INSERT INTO log_waiting (model, subject, at, chunk, row) VALUES (?, ?, ?, ?, ?)',
				params: [item.model, subject, at, chunk, place],
			})
	}
}

/** The latest feature log at or before a time. */
export function latestBefore(rows: readonly FoundRow[], at: number): FoundRow | undefined {
	let best: FoundRow | undefined
	const timeOf = (f: FoundRow) => f.chunk.batch.timestamps[f.row] as number
	for (const row of rows) if (timeOf(row) <= at && (!best || timeOf(row) > timeOf(best))) best = row
	return best
}

const joinStatement = (chunk: number, row: number, featureChunk: number, featureRow: number) => ({
	sql: 'INSERT OR IGNORE INTO log_join (chunk, row, feature_chunk, feature_row) VALUES (?, ?, ?, ?)',
	params: [chunk, row, featureChunk, featureRow],
})

/** Joins feature logs to predictions that wait for them. The first join of a prediction stays. */
export async function joinFeatureLogs(
	writer: Writer,
	group: Group,
	item: Item,
	bucket: Bucket,
	chunk: number,
): Promise<void> {
	const { batch } = item
	const places = [...bucket.rows].map((r, place) => ({ r, place, id: batch.ids[r] as string }))
	const named = places.filter(({ id }) => id.startsWith('p'))
	const predictions = await writer.lookup.find(
		item.model,
		'prediction',
		named.map(({ id }) => id.slice(1)),
	)
	for (const [i, { r, place }] of named.entries()) {
		const prediction = predictions.get(i)?.[0]
		if (prediction) await addJoined(writer, group, prediction, { batch, row: r }, { chunk, row: place })
	}
	for (const { r, place, id } of places.filter((p) => p.id.startsWith('s'))) {
		const rows = (await writer.sql.values({
			sql: 'SELECT at, chunk, row FROM log_waiting WHERE model = ? AND subject = ? AND at >= ?',
			params: [item.model, id.slice(1), batch.timestamps[r] as number],
		})) as unknown as [number, number, number][]
		for (const [at, waitingChunk, waitingRow] of rows) {
			const prediction = await writer.lookup.resolve({ chunk: waitingChunk, row: waitingRow })
			if (!prediction) continue
			group.statements.push({
				sql: 'DELETE FROM log_waiting WHERE model = ? AND subject = ? AND at = ? AND chunk = ? AND row = ?',
				params: [item.model, id.slice(1), at, waitingChunk, waitingRow],
			})
			await addJoined(writer, group, prediction, { batch, row: r }, { chunk, row: place })
		}
	}
}

async function isJoined(writer: Writer, prediction: FoundRow): Promise<boolean> {
	const rows = await writer.sql.values({
		sql: 'SELECT 1 FROM log_join WHERE chunk = ? AND row = ?',
		params: [prediction.chunk.id, prediction.row],
	})
	return rows.length > 0
}

async function addJoined(
	writer: Writer,
	group: Group,
	prediction: FoundRow,
	features: { batch: RowBatch; row: number },
	place: { chunk: number; row: number },
): Promise<void> {
	const target = { batch: prediction.chunk.batch, row: prediction.row }
	const key = `${prediction.chunk.id} ${prediction.row}`
	if (
		target.batch.hasFeatures[target.row] === 1 ||
		group.joined.has(key) ||
		(await isJoined(writer, prediction))
	)
		return
	group.joined.add(key)
	group.statements.push(joinStatement(prediction.chunk.id, prediction.row, place.chunk, place.row))
	const seriesRef = writer.series.get(prediction.chunk.series)
	if (!seriesRef) return
	const { model, version, environment } = seriesRef
	const plan = await writer.plans.specFor(model, version)
	// A chunk on another grid is still to be summarised on this one, and the join is then seen.
	if (!plan) return
	if (await isCovered(writer, prediction.chunk, plan.binsId))
		group.deltas.addFeatures({ model, version, environment }, plan, features, target)
	const joinIndex = await writer.joinIndexes.chunk(prediction.place.chunk)
	const id = target.batch.ids[target.row] as string
	if (joinIndex)
		await regroupByFeatures(
			writer,
			group,
			plan,
			{ chunk: joinIndex, row: prediction.place.row },
			features,
			id,
		)
}

async function isCovered(writer: Writer, chunk: FoundRow['chunk'], binsId: number): Promise<boolean> {
	if (chunk.bins === binsId) return true
	const rows = await writer.sql.values({
		sql: 'SELECT 1 FROM log_covered WHERE chunk = ? AND grid = ?',
		params: [chunk.id, binsId],
	})
	return rows.length > 0
}
