import type { Context } from '../../context.ts'
import { dayMs, hourMs } from '../../core/time.ts'
import { type RecordRow, type RecordTable, toRecord, type WindowRecord } from './records.ts'

/**
 * The condition for records that were final and in force at a moment, whose SQL placeholder is given. A record of an open
 * window is replaced and cannot be read back, so it never counts.
 */
export const inForceAt = (at: string, table = ''): string => {
	const of = (column: string) => (table === '' ? column : `${table}.${column}`)
	return `${of('provisional')} = 0 AND ${of('computed_at')} <= ${at} AND ${of('from_ms')} + ${of('hours')} * ${hourMs} <= ${at}
		AND (${of('superseded_at')} IS NULL OR ${of('superseded_at')} > ${at})`
}

export type PastQuery = { series: readonly number[]; from: number; to: number; asOf: number }

/**
 * The records that cover [from, to) as of a moment, oldest first: whole days, and hours where a day is not whole or was not
 * final. `column` is that of `RecordTable.decode`.
 */
export async function recordsAt<Result>(
	context: Context,
	table: RecordTable<Result>,
	{ series, from, to, asOf }: PastQuery,
	column?: number,
): Promise<WindowRecord<Result>[]> {
	const isWholeDay = (of: string) =>
		`${of}.hours = 24 AND ${of}.from_ms >= ?2 AND ${of}.from_ms + ${dayMs} <= ?3`
	const rows = await context.sql.all<RecordRow>({
		sql: `SELECT ${table.columns} FROM ${table.name} AS r WHERE series IN (SELECT value FROM json_each(?1)) AND ${inForceAt('?4')}
			AND ((${isWholeDay('r')}) OR (hours = 1 AND from_ms >= ?2 AND from_ms < ?3 AND NOT EXISTS (
				SELECT 1 FROM ${table.name} AS d WHERE d.series = r.series AND d.from_ms = r.from_ms / ${dayMs} * ${dayMs}
					AND ${isWholeDay('d')} AND ${inForceAt('?4', 'd')})))
			ORDER BY from_ms, series`,
		params: [JSON.stringify(series), from, to, asOf],
	})
	return rows.map((row) => toRecord(table, row, column))
}
