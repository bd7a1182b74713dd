import type { Context } from '../../context.ts'
import { sameBytes } from '../../core/bytes.ts'
import { getOrInsert } from '../../core/maps.ts'
import { hourMs, type WindowSize, windowMs } from '../../core/time.ts'
import type { SqlValue, Statement } from '../../db/sql.ts'
import type { OutcomeResult } from '../../metrics/outcome-result.ts'
import {
	type AttributionResult,
	decodeAttributions,
	decodeOutcomes,
	decodeResult,
	encodeAttributions,
	encodeOutcomes,
	encodeResult,
} from '../../metrics/result-encoding.ts'
import type { WindowResult } from '../../metrics/window-result.ts'

/** A window of some size; `from` is when it begins. */
export type Window = { size: WindowSize; from: number }

export const endOf = ({ size, from }: Window): number => from + windowMs[size]
export const hoursOf = (size: WindowSize): number => windowMs[size] / hourMs
export const sizeOf = (hours: number): WindowSize => sizesByHours[hours] as WindowSize
const sizesByHours: Record<number, WindowSize> = { 1: '1h', 24: '1d', 168: '7d' }

/** The stored result of one series in one window. `matureAt` and `change` are null but for outcomes. */
export type WindowRecord<Result> = {
	series: number
	window: WindowSize
	from: number
	revision: number
	computedAt: number
	/** The window is not over. */
	provisional: boolean
	/** When the window becomes mature although outcomes are missing; null once it is mature, or while it is open. */
	matureAt: number | null
	/** Why it differs from the revision before it. */
	change: string | null
	/** Digest of the baseline; null where there was none. */
	baseline: string | null
	result: Result
	supersededAt: number | null
}
export type InputRecord = WindowRecord<WindowResult>
export type OutcomeRecord = WindowRecord<OutcomeResult>
export type AttributionRecord = WindowRecord<AttributionResult>
export type NewRecord<Result> = Omit<WindowRecord<Result>, 'revision' | 'change' | 'supersededAt'>

/** A row of a record table, with the columns of `columns`. */
export type RecordRow = {
	series: number
	hours: number
	from_ms: number
	revision: number
	computed_at: number
	provisional: number
	baseline: string | null
	bytes: Uint8Array
	superseded_at: number | null
	mature_at: number | null
	reason: string | null
}

type OwnColumns<Result> = {
	names: string
	values(next: NewRecord<Result>, before: WindowRecord<Result> | undefined): SqlValue[]
}

/** One of the three tables of records: how it is written and read. */
export type RecordTable<Result> = {
	name: 'metric_record' | 'outcome_record' | 'attribution_record'
	/** What to select for a `RecordRow`. */
	columns: string
	insert: string
	/** Values of the columns that only this table has. */
	ownValues: OwnColumns<Result>['values']
	/** `reasons`: false leaves the texts out. */
	encode(result: Result, reasons?: boolean): Uint8Array
	/** `column`: decode only this one of the input columns. */
	decode(bytes: Uint8Array, column?: number): Result
}

const commonColumns =
	'series, hours, from_ms, revision, computed_at, provisional, baseline, bytes, superseded_at'

function recordTable<Result>(
	name: RecordTable<Result>['name'],
	{ encode, decode }: Pick<RecordTable<Result>, 'encode' | 'decode'>,
	own?: OwnColumns<Result>,
): RecordTable<Result> {
	const [names, places] = own
		? [`, ${own.names}`, own.names.split(',').map((_, i) => `, ?${8 + i}`)]
		: ['', []]
	return {
		name,
		columns: `${commonColumns}, ${own ? 'mature_at, reason' : 'NULL AS mature_at, NULL AS reason'}`,
		insert: `INSERT INTO ${name} (${commonColumns}${names})
			SELECT ?1, ?2, ?3, coalesce(max(revision) + 1, 1), ?4, ?5, ?6, ?7, NULL${places.join('')}
			FROM ${name} WHERE series = ?1 AND hours = ?2 AND from_ms = ?3`,
		ownValues: own?.values ?? (() => []),
		encode,
		decode,
	}
}

export const inputRecords = recordTable<WindowResult>('metric_record', {
	encode: encodeResult,
	decode: decodeResult,
})
export const attributionRecords = recordTable<AttributionResult>('attribution_record', {
	encode: encodeAttributions,
	decode: decodeAttributions,
})
export const outcomeRecords = recordTable<OutcomeResult>(
	'outcome_record',
	{ encode: encodeOutcomes, decode: decodeOutcomes },
	{
		names: 'mature_at, reason, labelled',
		values: (next, before) => [
			next.matureAt,
			before && !before.provisional ? changeOf(before, next) : null,
			next.result.labelled,
		],
	},
)

export const toRecord = <Result>(
	table: RecordTable<Result>,
	row: RecordRow,
	column?: number,
): WindowRecord<Result> => ({
	series: row.series,
	window: sizeOf(row.hours),
	from: row.from_ms,
	revision: row.revision,
	computedAt: row.computed_at,
	provisional: row.provisional === 1,
	matureAt: row.mature_at,
	change: row.reason,
	baseline: row.baseline,
	result: table.decode(row.bytes, column),
	supersededAt: row.superseded_at,
})

/** Records by when their window begins, then by series. */
export type RecordsByWindow<Result> = ReadonlyMap<number, ReadonlyMap<number, WindowRecord<Result>>>

/** The records in force of some series, for windows of one size that begin at `froms`. */
export async function currentRecords<Result>(
	context: Context,
	table: RecordTable<Result>,
	series: readonly number[],
	size: WindowSize,
	froms: readonly number[],
): Promise<RecordsByWindow<Result>> {
	const rows = await context.sql.all<RecordRow>({
		sql: `SELECT ${table.columns} FROM ${table.name} WHERE series IN (SELECT value FROM json_each(?)) AND hours = ?
			AND from_ms IN (SELECT value FROM json_each(?)) AND superseded_at IS NULL`,
		params: [JSON.stringify(series), hoursOf(size), JSON.stringify(froms)],
	})
	const records = new Map<number, Map<number, WindowRecord<Result>>>()
	for (const row of rows)
		getOrInsert(records, row.from_ms, () => new Map()).set(row.series, toRecord(table, row))
	return records
}

/**
 * Statements that put a result in force, or none when nothing changed. The record of an open window is replaced; one of
 * a window that is over is superseded and stays readable. A result whose reasons are only worded differently, as after an
 * upgrade, replaces the stored one and is not a change.
 */
export function supersede<Result>(
	table: RecordTable<Result>,
	next: NewRecord<Result>,
	before: WindowRecord<Result> | undefined,
): { statements: Statement[]; isChanged: boolean } {
	const bytes = table.encode(next.result)
	const key = [next.series, hoursOf(next.window), next.from]
	const where = 'series = ? AND hours = ? AND from_ms = ? AND superseded_at IS NULL'
	if (
		before &&
		before.provisional === next.provisional &&
		before.matureAt === next.matureAt &&
		before.baseline === next.baseline
	) {
		if (sameBytes(bytes, table.encode(before.result))) return { statements: [], isChanged: false }
		const reword = { sql: `UPDATE ${table.name} SET bytes = ? WHERE ${where}`, params: [bytes, ...key] }
		if (sameBytes(table.encode(next.result, false), table.encode(before.result, false)))
			return { statements: [reword], isChanged: false }
	}
	const insert: Statement = {
		sql: table.insert,
		params: [
			...key,
			next.computedAt,
			next.provisional ? 1 : 0,
			next.baseline,
			bytes,
			...table.ownValues(next, before),
		],
	}
	if (!before) return { statements: [insert], isChanged: true }
	const retire: Statement = before.provisional
		? { sql: `DELETE FROM ${table.name} WHERE ${where}`, params: key }
		: {
				sql: `UPDATE ${table.name} SET superseded_at = ? WHERE ${where}`,
				params: [next.computedAt, ...key],
			}
	return { statements: [retire, insert], isChanged: true }
}

/** Announces that a window changed: rules, exports and attributions follow these by their sequence. */
export const changeStatement = (series: number, { size, from }: Window): Statement => ({
	sql: 'INSERT OR REPLACE INTO metric_change (series, hours, from_ms) VALUES (?, ?, ?)',
	params: [series, hoursOf(size), from],
})

/** Why a window whose outcomes were evaluated changed, in words. */
function changeOf(before: OutcomeRecord, next: NewRecord<OutcomeResult>): string {
	const [a, b] = [before.result, next.result]
	const parts = [
		...countChanges(a, b),
		...(before.matureAt !== null && next.matureAt === null ? ['the window is mature'] : []),
		...(before.baseline !== next.baseline ? ['another baseline'] : []),
		...(a.favourable !== b.favourable ? ['another favourable decision'] : []),
	]
	return parts.length > 0 ? parts.join(', ') : 'other statistics of the window or its run changed'
}

/** What was counted since, such as `3 late outcomes`. */
export function countChanges(a: OutcomeResult, b: OutcomeResult): string[] {
	const counted = (n: number, what: string) => (n > 0 ? [`${n} ${what}${n === 1 ? '' : 's'}`] : [])
	return [
		...counted(b.labelled - a.labelled, 'late outcome'),
		...counted(a.labelled - b.labelled, 'withdrawn outcome'),
		...counted(b.corrections - a.corrections, 'corrected outcome'),
		...counted(b.never - a.never, 'never observed outcome'),
		...counted(b.predictions - a.predictions, 'late prediction'),
	]
}
