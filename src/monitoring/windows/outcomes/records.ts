import type { Context } from '../../../context.ts'
import { sameBytes } from '../../../core/bytes.ts'
import type { WindowSize } from '../../../core/time.ts'
import type { Statement } from '../../../db/sql.ts'
import type { OutcomeResult } from '../../../metrics/outcome-result.ts'
import { decodeOutcomes, encodeOutcomes } from '../../../metrics/result-encoding.ts'
import { byWindow, keyOf, type RecordsByWindow, rowsInForce, supersede, windowOf } from '../records.ts'

/** What is known of a window by its outcomes. */
export type OutcomeRecord = {
	series: number
	window: WindowSize
	from: number
	revision: number
	computedAt: number
	/** The window is not over. */
	provisional: boolean
	/** When the window is judged though too few outcomes are known; null when it is judged already, or not over. */
	matureAt: number | null
	/** Why it differs from the record before it. */
	change: string | null
	baseline: string | null
	result: OutcomeResult
}

export const outcomeColumns =
	'series, hours, from_ms, revision, computed_at, provisional, mature_at, reason, baseline, bytes'
export type OutcomeRow = [
	number,
	number,
	number,
	number,
	number,
	number,
	number | null,
	string | null,
	string | null,
	Uint8Array,
]

export const toOutcomeRecord = ([
	series,
	hours,
	from,
	revision,
	computedAt,
	provisional,
	matureAt,
	change,
	baseline,
	bytes,
]: OutcomeRow): OutcomeRecord => ({
	series,
	window: windowOf[hours] as WindowSize,
	from,
	revision,
	computedAt,
	provisional: provisional === 1,
	matureAt,
	change,
	baseline,
	result: decodeOutcomes(bytes),
})

/** The records in force of some series, for windows of one size that begin at `froms`. */
export async function currentOutcomes(
	context: Context,
	series: readonly number[],
	window: WindowSize,
	froms: readonly number[],
): Promise<RecordsByWindow<OutcomeRecord>> {
	const rows = await rowsInForce(context, 'outcome_record', outcomeColumns, series, window, froms)
	return byWindow((rows as unknown as OutcomeRow[]).map(toOutcomeRecord))
}

export type NewOutcome = Omit<OutcomeRecord, 'revision' | 'change'>

/**
 * Statements that put a result in force, or none when nothing changed. While the window is open its value is replaced; once
 * it is over every value that was said stays, with why it changed.
 */
export function outcomeStatements(next: NewOutcome, before: OutcomeRecord | undefined): Statement[] {
	const bytes = encodeOutcomes(next.result)
	if (
		before &&
		before.provisional === next.provisional &&
		before.matureAt === next.matureAt &&
		before.baseline === next.baseline &&
		sameBytes(bytes, encodeOutcomes(before.result))
	)
		return []
	const change = before && !before.provisional ? changeOf(before, next) : null
	const insert: Statement = {
		sql: `INSERT INTO outcome_record (${outcomeColumns}, labelled) SELECT ?1, ?2, ?3, coalesce(max(revision) + 1, 1), ?4, ?5,
			?6, ?7, ?8, ?9, ?10 FROM outcome_record WHERE series = ?1 AND hours = ?2 AND from_ms = ?3`,
		params: [
			...keyOf(next),
			next.computedAt,
			next.provisional ? 1 : 0,
			next.matureAt,
			change,
			next.baseline,
			bytes,
			next.result.labelled,
		],
	}
	return [...supersede('outcome_record', next, before), insert]
}

/** Why a window is judged anew, in words. */
function changeOf(before: OutcomeRecord, next: NewOutcome): string {
	const [a, b] = [before.result, next.result]
	const counted = (n: number, what: string) => (n > 0 ? [`${n} ${what}${n === 1 ? '' : 's'}`] : [])
	const parts = [
		...counted(b.labelled - a.labelled, 'late outcome'),
		...counted(a.labelled - b.labelled, 'withdrawn outcome'),
		...counted(b.corrections - a.corrections, 'corrected outcome'),
		...counted(b.never - a.never, 'never observed outcome'),
		...counted(b.predictions - a.predictions, 'late prediction'),
		...(before.matureAt !== null && next.matureAt === null ? ['the window is mature'] : []),
		...(before.baseline !== next.baseline ? ['another baseline'] : []),
		...(a.favourable !== b.favourable ? ['another favourable decision'] : []),
	]
	return parts.length > 0 ? parts.join(', ') : 'other statistics of the window or its run changed'
}
