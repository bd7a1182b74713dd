import type { Context } from '../../../context.ts'
import { sameBytes } from '../../../core/bytes.ts'
import type { Statement } from '../../../db/sql.ts'
import {
	type AttributionResult,
	decodeAttributions,
	encodeAttributions,
} from '../../../metrics/result-encoding.ts'
import {
	byWindow,
	keyOf,
	type RecordRow,
	type RecordsByWindow,
	recordColumns,
	rowsInForce,
	supersede,
	windowOf,
} from '../records.ts'
import type { Window } from '../window-slices.ts'

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

/** The records in force of some series, for windows of one size that begin at `froms`. */
export async function currentAttributions(
	context: Context,
	series: readonly number[],
	size: Window['size'],
	froms: readonly number[],
): Promise<RecordsByWindow<AttributionRecord>> {
	const rows = await rowsInForce(context, 'attribution_record', recordColumns, series, size, froms)
	return byWindow((rows as unknown as RecordRow[]).map(toAttributionRecord))
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
