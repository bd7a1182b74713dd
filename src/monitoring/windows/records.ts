import type { Context } from '../../context.ts'
import { sameBytes } from '../../core/bytes.ts'
import { hourMs, type WindowSize, windowMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import { decodeResult, encodeResult } from '../../metrics/result-encoding.ts'
import type { WindowResult } from '../../metrics/window-result.ts'

export type MetricRecord = {
	series: number
	window: WindowSize
	from: number
	revision: number
	computedAt: number
	provisional: boolean
	baseline: string | null
	result: WindowResult
	supersededAt: number | null
}

export const hoursOf = (window: WindowSize): number => windowMs[window] / hourMs
export const windowOf: Record<number, WindowSize> = { 1: '1h', 24: '1d', 168: '7d' }

export const recordColumns =
	'series, hours, from_ms, revision, computed_at, provisional, baseline, bytes, superseded_at'
export type RecordRow = [
	number,
	number,
	number,
	number,
	number,
	number,
	string | null,
	Uint8Array,
	number | null,
]

/** `column`: decode only this one of the columns. */
export const toRecord = (
	[series, hours, from, revision, computedAt, provisional, baseline, bytes, supersededAt]: RecordRow,
	column?: number,
): MetricRecord => ({
	series,
	window: windowOf[hours] as WindowSize,
	from,
	revision,
	computedAt,
	provisional: provisional === 1,
	baseline,
	result: decodeResult(bytes, column),
	supersededAt,
})

/** Records by when their window begins, then by series. */
export type RecordsByWindow<R> = ReadonlyMap<number, ReadonlyMap<number, R>>

/** The records in force of some series, for windows of one size that begin at `froms`. */
export async function currentRecords(
	context: Context,
	series: readonly number[],
	window: WindowSize,
	froms: readonly number[],
): Promise<RecordsByWindow<MetricRecord>> {
	const rows = await rowsInForce(context, 'metric_record', recordColumns, series, window, froms)
	return byWindow((rows as unknown as RecordRow[]).map((row) => toRecord(row)))
}

/** The rows of a table of records that are in force. */
export const rowsInForce = (
	context: Context,
	table: RecordTable,
	columns: string,
	series: readonly number[],
	window: WindowSize,
	froms: readonly number[],
) =>
	context.sql.values({
		sql: `SELECT ${columns} FROM ${table} WHERE series IN (SELECT value FROM json_each(?)) AND hours = ?
			AND from_ms IN (SELECT value FROM json_each(?)) AND superseded_at IS NULL`,
		params: [JSON.stringify(series), hoursOf(window), JSON.stringify(froms)],
	})

export function byWindow<R extends { series: number; from: number }>(
	records: readonly R[],
): RecordsByWindow<R> {
	const found = new Map<number, Map<number, R>>()
	for (const record of records) {
		const of = found.get(record.from) ?? new Map<number, R>()
		found.set(record.from, of.set(record.series, record))
	}
	return found
}

export type NewRecord = Omit<MetricRecord, 'revision' | 'supersededAt'>

/**
 * Statements that put a result in force, or none when nothing changed. A provisional value is replaced as the window
 * fills; a final one is superseded and stays readable.
 */
export function recordStatements(next: NewRecord, before: MetricRecord | undefined): Statement[] {
	const bytes = encodeResult(next.result)
	if (
		before &&
		before.provisional === next.provisional &&
		before.baseline === next.baseline &&
		sameBytes(bytes, encodeResult(before.result))
	)
		return []
	const key = keyOf(next)
	const insert: Statement = {
		sql: `INSERT INTO metric_record (${recordColumns}) SELECT ?1, ?2, ?3, coalesce(max(revision) + 1, 1), ?4, ?5, ?6, ?7, NULL
			FROM metric_record WHERE series = ?1 AND hours = ?2 AND from_ms = ?3`,
		params: [...key, next.computedAt, next.provisional ? 1 : 0, next.baseline, bytes],
	}
	return [...supersede('metric_record', next, before), insert]
}

/** Tables of windows that keep what was said before. */
export type RecordTable = 'metric_record' | 'outcome_record' | 'attribution_record'

type Keyed = { series: number; window: WindowSize; from: number }

export const keyOf = ({ series, window, from }: Keyed): number[] => [series, hoursOf(window), from]

/** Takes the value before out of force: that of an open window goes, any other stays readable. */
export function supersede(
	table: RecordTable,
	next: Keyed & { computedAt: number },
	before: { provisional: boolean } | undefined,
): Statement[] {
	if (!before) return []
	const where = 'series = ? AND hours = ? AND from_ms = ? AND superseded_at IS NULL'
	if (before.provisional) return [{ sql: `DELETE FROM ${table} WHERE ${where}`, params: keyOf(next) }]
	return [
		{
			sql: `UPDATE ${table} SET superseded_at = ? WHERE ${where}`,
			params: [next.computedAt, ...keyOf(next)],
		},
	]
}

/** Tells whoever follows that a window has changed. */
export const changeStatement = (series: number, window: WindowSize, from: number): Statement => ({
	sql: 'INSERT OR REPLACE INTO metric_change (series, hours, from_ms) VALUES (?, ?, ?)',
	params: [series, hoursOf(window), from],
})
