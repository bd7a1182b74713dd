import type { Context } from '../../context.ts'
import { sameBytes } from '../../core/bytes.ts'
import type { Statement } from '../../db/sql.ts'
import {
	type AttributionResult,
	decodeAttributions,
	encodeAttributions,
} from '../../metrics/attribution-result.ts'
import type { Window } from '../metric/compute-family.ts'
import { hoursOf, keyOf, type RecordRow, recordColumns, supersede, windowOf } from '../metric/records.ts'

/** What is known of a window by its contributions. */
export type AttributionRecord = {
	series: number
	window: Window['size']
	from: number
	computedAt: number
	provisional: boolean
	/** Null where the reference is the version's first week. */
	baseline: string | null
	result: AttributionResult
}

export const toAttributionRecord = ([
	series,
	hours,
	from,
	,
	computedAt,
	provisional,
	baseline,
	bytes,
]: RecordRow): AttributionRecord => ({
	series,
	window: windowOf[hours] as Window['size'],
	from,
	computedAt,
	provisional: provisional === 1,
	baseline,
	result: decodeAttributions(bytes),
})

/** The record in force of each series for one window. */
export async function currentAttributions(
	context: Context,
	series: readonly number[],
	{ size, from }: Window,
): Promise<Map<number, AttributionRecord>> {
	const rows = await context.sql.all({
		sql: `SELECT ${recordColumns} FROM attribution_record WHERE series IN (SELECT value FROM json_each(?)) AND hours = ?
			AND from_ms = ? AND superseded_at IS NULL`,
		params: [JSON.stringify(series), hoursOf(size), from],
	})
	return new Map((rows as unknown as RecordRow[]).map((row) => [row[0], toAttributionRecord(row)]))
}

/** Statements that put a result in force, or none when nothing changed. */
export function attributionStatements(
	next: AttributionRecord,
	before: AttributionRecord | undefined,
): Statement[] {
	const bytes = encodeAttributions(next.result)
	if (
		before &&
		before.provisional === next.provisional &&
		before.baseline === next.baseline &&
		sameBytes(bytes, encodeAttributions(before.result))
	)
		return []
	const insert: Statement = {
		sql: `INSERT INTO attribution_record (${recordColumns}) SELECT ?1, ?2, ?3, coalesce(max(revision) + 1, 1), ?4, ?5, ?6, ?7, NULL
			FROM attribution_record WHERE series = ?1 AND hours = ?2 AND from_ms = ?3`,
		params: [...keyOf(next), next.computedAt, next.provisional ? 1 : 0, next.baseline, bytes],
	}
	return [...supersede('attribution_record', next, before), insert]
}
