import type { Context } from '../../../context.ts'
import { formatTime } from '../../../core/time.ts'
import { hoursOf } from '../records.ts'
import type { Place, WindowAnswers } from './recent-windows.ts'
import { currentOutcomes, type OutcomeRow, outcomeColumns, toOutcomeRecord } from './records.ts'

/** A final value that was not the last word: what it was first, until when, what it is now and why. */
export type Restatement = {
	window: WindowAnswers['window']
	was: number
	until: string
	now: number
	change: string
}

/** Values that look alike when they are shown are no news. */
const shownDigits = 3

/**
 * The windows among these whose metric was final once and is another one now, newest first: the newest `most` of them, and
 * how many there are.
 */
export async function readRestatements(
	context: Context,
	place: Place,
	windows: readonly WindowAnswers[],
	metric: string,
	most: number,
): Promise<{ items: Restatement[]; count: number }> {
	const byFrom = new Map(windows.filter((w) => w.isMature).map((w) => [w.from, w]))
	const restated: { first: ReturnType<typeof toOutcomeRecord>; window: WindowAnswers; until: number }[] = []
	for (const [until, ...row] of await firstFinal(context, place, [...byFrom.keys()])) {
		const first = toOutcomeRecord(row)
		const window = byFrom.get(first.from)
		const now = window?.answers.get(metric)?.value ?? Number.NaN
		const was = first.result.values.get(metric)?.value ?? Number.NaN
		if (!window || !Number.isFinite(was) || !Number.isFinite(now)) continue
		if (was.toPrecision(shownDigits) !== now.toPrecision(shownDigits)) restated.push({ first, window, until })
	}
	const items: Restatement[] = []
	for (const { first, window, until } of restated.slice(0, most)) {
		const records = await currentOutcomes(context, [first.series], first.window, [first.from])
		const current = records.get(first.from)?.get(first.series)
		const answer = window.answers.get(metric)
		items.push({
			window: window.window,
			was: first.result.values.get(metric)?.value ?? Number.NaN,
			until: formatTime(until),
			now: answer?.value ?? Number.NaN,
			change: current ? changeSince(first, current) : '',
		})
	}
	return { items, count: restated.length }
}

type Row = [until: number, ...OutcomeRow]

/** The first final records of windows that have later ones, newest window first. */
async function firstFinal(context: Context, { series, window }: Place, froms: number[]): Promise<Row[]> {
	const rows = await context.sql.values({
		sql: `SELECT superseded_at, ${outcomeColumns} FROM outcome_record AS r WHERE series = ?1 AND hours = ?2
			AND from_ms IN (SELECT value FROM json_each(?3)) AND provisional = 0 AND mature_at IS NULL AND labelled > 0
			AND superseded_at IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM outcome_record WHERE series = ?1 AND hours = ?2 AND from_ms = r.from_ms
				AND provisional = 0 AND mature_at IS NULL AND labelled > 0 AND revision < r.revision)
			ORDER BY from_ms DESC`,
		params: [series.id, hoursOf(window), JSON.stringify(froms)],
	})
	return rows as unknown as Row[]
}

/** Several steps in one, in words; of a single one, or where counts say nothing, its own. */
function changeSince(
	before: ReturnType<typeof toOutcomeRecord>,
	now: ReturnType<typeof toOutcomeRecord>,
): string {
	if (now.revision === before.revision + 1 && now.change !== null) return now.change
	const [a, b] = [before.result, now.result]
	const counted = (n: number, what: string) => (n > 0 ? [`${n} ${what}${n === 1 ? '' : 's'}`] : [])
	const parts = [
		...counted(b.labelled - a.labelled, 'late outcome'),
		...counted(a.labelled - b.labelled, 'withdrawn outcome'),
		...counted(b.corrections - a.corrections, 'corrected outcome'),
		...counted(b.predictions - a.predictions, 'late prediction'),
	]
	return parts.length > 0 ? parts.join(', ') : (now.change ?? '')
}
