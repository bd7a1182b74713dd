import type { Context } from '../../context.ts'
import { groupBy } from '../../core/maps.ts'
import { dayMs } from '../../core/time.ts'
import type { HourDelta } from '../../log/prediction-log.ts'
import { endOf, type Window } from './records.ts'

/** Windows that are read together, in the order given: those that end on one day; a week by itself. */
export function slicesOf(windows: readonly Window[]): Window[][] {
	const slices: Window[][] = []
	let last: string | undefined
	for (const window of windows) {
		const key = window.size === '7d' ? `week ${window.from}` : `day ${Math.ceil(endOf(window) / dayMs)}`
		if (key === last) slices.at(-1)?.push(window)
		else slices.push([window])
		last = key
	}
	return slices
}

type Part = { series: number; at: number; bytes: Uint8Array }
/** The encoded summaries of one series in a window, oldest first. */
export type PartsOf = (series: number, window: Window) => Part[]

/** Where windows are summed from: weeks from the stored days of a table where there is one, else from their hours. */
export type Sources = {
	days?: 'metric_day' | 'outcome_day'
	/** Days on other bins do not count. */
	binsDigest?: string
	hours(from: number, to: number): Promise<HourDelta[]>
}

/** Reads the summaries of all windows of a slice at once. */
export async function readParts(
	context: Context,
	slice: readonly Window[],
	series: readonly number[],
	{ days, binsDigest, hours }: Sources,
): Promise<PartsOf> {
	const from = Math.min(...slice.map((w) => w.from))
	const to = Math.max(...slice.map(endOf))
	const parts =
		days && slice[0]?.size === '7d'
			? await readDays(context, days, series, [from, to], binsDigest)
			: (await hours(from, to)).map(({ series: id, hour, bytes }) => ({ series: id, at: hour, bytes }))
	const bySeries = groupBy(parts, (part) => part.series)
	return (id, window) => (bySeries.get(id) ?? []).filter(({ at }) => at >= window.from && at < endOf(window))
}

const readDays = (
	context: Context,
	table: 'metric_day' | 'outcome_day',
	series: readonly number[],
	[from, to]: [number, number],
	binsDigest: string | undefined,
): Promise<Part[]> =>
	context.sql.all<Part>({
		sql: `SELECT series, day_ms AS at, bytes FROM ${table} WHERE series IN (SELECT value FROM json_each(?))
			AND day_ms >= ? AND day_ms < ?${binsDigest === undefined ? '' : ' AND grid = ?'} ORDER BY series, day_ms`,
		params: [JSON.stringify(series), from, to, ...(binsDigest === undefined ? [] : [binsDigest])],
	})
