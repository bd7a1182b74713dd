import { Breather } from '../../core/breather.ts'
import type { Sql } from '../../db/sql.ts'
import type { Calls } from '../calls.ts'
import type { EngineCalls } from '../engine.ts'
import type { SubjectRow, SubjectRows } from '../prediction-log.ts'
import { kindNumber } from '../row-kinds.ts'
import type { ChunkStore } from './chunk-store.ts'
import { predictionAt } from './read-by-id.ts'

type Series = { version: string; environment: string }
type ChunkHead = Series & { id: number }

/**
 * All rows of a subject in one model. No index names subjects, since few ask: the texts of every chunk of predictions are
 * read, a chunk at a time, and only chunks that have the subject are decoded. The other kinds are found by their ids.
 */
export async function rowsOfSubject(
	sql: Sql,
	store: ChunkStore,
	{ rowsNamed }: Pick<Calls<EngineCalls>, 'rowsNamed'>,
	model: string,
	subject: string,
	predictionIds: readonly string[] = [],
): Promise<SubjectRows> {
	const predictions = await predictionsOf(sql, store, model, subject)
	const ids = [...new Set([...predictionIds, ...predictions.map(({ id }) => id)])]
	return { predictions, ...(await rowsNamed(model, subject, ids)) }
}

async function predictionsOf(
	sql: Sql,
	store: ChunkStore,
	model: string,
	subject: string,
): Promise<SubjectRow[]> {
	const queue = await sql.all<ChunkHead>({
		sql: `SELECT c.id AS id, s.version AS version, s.environment AS environment FROM log_series s
			JOIN log_chunk c ON c.series = s.id AND c.kind = ? WHERE s.model = ? AND s.segment = '' ORDER BY c.id DESC`,
		params: [kindNumber.prediction, model],
	})
	const breather = new Breather(Number.POSITIVE_INFINITY)
	const seen = new Set(queue.map(({ id }) => id))
	const rows: SubjectRow[] = []
	for (let head = queue.pop(); head; head = queue.pop()) {
		if (breather.isDue) await breather.breathe()
		const { id, ...series } = head
		const chunk = await store.chunkWithText(id, subject)
		if (chunk === 'missing') {
			// It was folded into another one after the list was read.
			const { chunk: target } = await store.currentLocation({ chunk: id, row: 0 })
			if (!seen.has(target)) queue.push({ ...series, id: target })
			seen.add(target)
			continue
		}
		if (chunk === 'without') continue
		const { batch } = chunk
		for (let row = 0; row < batch.rows; row++)
			if (batch.strings[batch.subjects[row] as number] === subject)
				rows.push({
					chunk: id,
					row,
					id: batch.ids[row] as string,
					timestamp: batch.timestamps[row] as number,
					content: { ...predictionAt(batch, row), ...series },
				})
	}
	return rows
}
