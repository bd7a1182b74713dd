import type { Context } from '../../context.ts'
import { groupBy } from '../../core/maps.ts'
import { dayMs, type WindowSize, windowMs } from '../../core/time.ts'
import { Batches } from '../../db/batches.ts'
import type { Statement } from '../../db/sql.ts'
import type { HourDelta } from '../../log/prediction-log.ts'

export type Window = { size: WindowSize; from: number }

/** What a window's computation is going to store, and how many records that changes. */
export type Computed = { statements: Statement[]; changed: number }

export type Stages<Read> = {
	/** Reads what a slice of windows is computed from. */
	read(slice: readonly Window[]): Promise<Read>
	compute(window: Window, read: Read): Promise<Computed>
	/** Everything that was computed so far is stored; called from time to time. */
	stored?(): void
}

/** Requests get a turn after so long. */
const turnMs = 50

/**
 * Computes windows in the order given, a slice at a time, and answers how many records changed. A week is summed from its
 * days, so all that was computed before it is stored first.
 */
export async function inSlices<Read>(
	context: Context,
	windows: readonly Window[],
	{ read, compute, stored }: Stages<Read>,
	onWindow: () => void,
): Promise<number> {
	const batches = new Batches(context.sql)
	let [changed, turn] = [0, context.now()]
	for (const slice of slicesOf(windows)) {
		if (slice[0]?.size === '7d') {
			await batches.finish()
			stored?.()
		}
		const known = await read(slice)
		for (const window of slice) {
			const computed = await compute(window, known)
			await batches.add(computed.statements)
			changed += computed.changed
			onWindow()
			if (context.now() - turn < turnMs) continue
			await new Promise((resolve) => setTimeout(resolve, 0))
			turn = context.now()
		}
	}
	await batches.finish()
	return changed
}

export const endOf = ({ size, from }: Window): number => from + windowMs[size]

/** Windows that are read together, in the order given: those that end on one day; a week by itself. */
function slicesOf(windows: readonly Window[]): Window[][] {
	const slices: Window[][] = []
	let last: string | undefined
	for (const window of windows) {
		const of = window.size === '7d' ? `week ${window.from}` : `day ${Math.ceil(endOf(window) / dayMs)}`
		if (of === last) slices.at(-1)?.push(window)
		else slices.push([window])
		last = of
	}
	return slices
}

/** The records of the windows of a slice, by size and beginning. */
export async function recordsOfSlice<R>(
	slice: readonly Window[],
	read: (size: WindowSize, froms: readonly number[]) => Promise<ReadonlyMap<number, ReadonlyMap<number, R>>>,
): Promise<(window: Window) => ReadonlyMap<number, R>> {
	const sizes = groupBy(slice, (w) => w.size)
	const found = new Map<WindowSize, ReadonlyMap<number, ReadonlyMap<number, R>>>()
	for (const [size, windows] of sizes)
		found.set(
			size,
			await read(
				size,
				windows.map((w) => w.from),
			),
		)
	return ({ size, from }) => found.get(size)?.get(from) ?? new Map()
}

type Part = { series: number; at: number; bytes: Uint8Array }
/** The parts of one series in a window, to be summed. */
export type PartsOf = (series: number, window: Window) => Part[]

/** Where windows are summed from: weeks from the kept days of a table, others from the deltas of their hours. */
export type Sources = {
	days: 'metric_day' | 'outcome_day'
	bins?: string
	hours(from: number, to: number): Promise<HourDelta[]>
}

/** Reads the parts of all windows of a slice at once. */
export async function partsOfSlice(
	context: Context,
	slice: readonly Window[],
	series: readonly number[],
	{ days, bins, hours }: Sources,
): Promise<PartsOf> {
	const from = Math.min(...slice.map((w) => w.from))
	const to = Math.max(...slice.map(endOf))
	const parts =
		slice[0]?.size === '7d'
			? await keptDays(context, days, series, [from, to], bins)
			: (await hours(from, to)).map(({ hour, ...part }) => ({ ...part, at: hour }))
	const bySeries = groupBy(parts, (part) => part.series)
	return (id, window) => (bySeries.get(id) ?? []).filter(({ at }) => at >= window.from && at < endOf(window))
}

async function keptDays(
	context: Context,
	table: Sources['days'],
	series: readonly number[],
	[from, to]: [number, number],
	bins: string | undefined,
): Promise<Part[]> {
	const rows = (await context.sql.values({
		sql: `SELECT series, day_ms, bytes FROM ${table} WHERE series IN (SELECT value FROM json_each(?))
			AND day_ms >= ? AND day_ms < ?${bins === undefined ? '' : ' AND grid = ?'} ORDER BY series, day_ms`,
		params: [JSON.stringify(series), from, to, ...(bins === undefined ? [] : [bins])],
	})) as unknown as [number, number, Uint8Array][]
	return rows.map(([id, at, bytes]) => ({ series: id, at, bytes }))
}
