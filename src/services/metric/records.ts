import type { Context } from '../../context.ts'
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

/** The records in force of some series for one window. */
export async function currentRecords(
	context: Context,
	series: readonly number[],
	window: WindowSize,
	from: number,
): Promise<Map<number, MetricRecord>> {
	const rows = await context.sql.all({
		sql: `SELECT ${recordColumns} FROM metric_record WHERE series IN (SELECT value FROM json_each(?)) AND hours = ? AND from_ms = ?
			AND superseded_at IS NULL`,
		params: [JSON.stringify(series), hoursOf(window), from],
	})
	return new Map((rows as unknown as RecordRow[]).map((row) => [row[0], toRecord(row)]))
}

export type NewRecord = Omit<MetricRecord, 'revision' | 'supersededAt'>

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((x, i) => x === b[i])

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
	const key = [next.series, hoursOf(next.window), next.from]
	const where = 'series = ? AND hours = ? AND from_ms = ? AND superseded_at IS NULL'
	const clear: Statement[] = !before
		? []
		: before.provisional
			? [{ sql: `DELETE FROM metric_record WHERE ${where}`, params: key }]
			: [
					{
						sql: `UPDATE metric_record SET superseded_at = ? WHERE ${where}`,
						params: [next.computedAt, ...key],
					},
				]
	const insert: Statement = {
		sql: `INSERT INTO metric_record (${recordColumns}) SELECT ?1, ?2, ?3, coalesce(max(revision) + 1, 1), ?4, ?5, ?6, ?7, NULL
			FROM metric_record WHERE series = ?1 AND hours = ?2 AND from_ms = ?3`,
		params: [...key, next.computedAt, next.provisional ? 1 : 0, next.baseline, bytes],
	}
	return [...clear, insert]
}

/** Tells whoever follows that a window has changed. */
export const changeStatement = (series: number, window: WindowSize, from: number): Statement => ({
	sql: 'INSERT OR REPLACE INTO metric_change (series, hours, from_ms) VALUES (?, ?, ?)',
	params: [series, hoursOf(window), from],
})
