import { hourMs, type WindowSize, windowMs } from '../core/time.ts'
import {
	commonVariance,
	type Difference,
	differenceOf,
	ofSum,
	type Variation,
	variationOf,
} from '../stats/between-windows.ts'
import type { Reference, ReferenceColumn } from './reference.ts'
import { roundExpected } from './result-encoding.ts'
import { expectedGroups, isWeekend, type Seasons, type Slot, type Slots, seasonsOf } from './seasons.ts'
import { type ColumnResult, independent, type WindowResult } from './window-result.ts'

/** A window before the one that is computed, on the same baseline. */
export type PastWindow = { from: number; result: WindowResult }

/**
 * What a window is tested against besides the baseline, oldest first. `past`: earlier windows of its size; for a week,
 * the days before it. `same`: for an hour, the same hour of earlier weeks; `days`: the days before. `parts`: the days of
 * a week, or the hours of a day. `seasons`: by column, the baseline by hour of week.
 */
export type History = {
	size: WindowSize
	from: number
	past: readonly PastWindow[]
	same: readonly PastWindow[]
	days: readonly PastWindow[]
	parts: readonly PastWindow[]
	seasons: readonly (Slots | undefined)[]
}

/** Neighbouring hours are alike; hours half a day apart differ most. */
const lagOfHours = 12

/** Sets on each column of a window how much of its difference from the baseline is usual, judging by its past. */
export function applyHistory(reference: Reference, result: WindowResult, history: History): void {
	const { size, from } = history
	const columns = reference.columns.map((column, i) => {
		const own = result.columns[i] as ColumnResult
		const past = pastOf(history, i)
		const expected =
			size === '7d' && past.seasons?.source === 'past' ? undefined : expectedOf(column, past, history)
		if (expected) own.expected = roundExpected(expected)
		if (isBeyond(column, own) && isMonotonic(column, own, i, history)) own.identifier = true
		return { own, past, today: differenceOf(own.expected ?? column.groups, independent(result, own), 1) }
	})
	const shared = sharedVariance(
		columns.map((c) => c.past),
		size === '7d' ? [] : columns.map((c) => c.today),
	)
	for (const { own, past } of columns) {
		const { seasons, windows, differences } = past
		const seen = seasons !== undefined || seenKind(size, from, windows)
		own.variation = ofWindow(variationOf([...differences.values()], shared, seen), history, seasons?.weeks)
	}
}

type Past = {
	windows: readonly Slot[]
	seasons: Seasons | undefined
	/** Between windows that follow one another, by when the later one begins. */
	differences: ReadonlyMap<number, Difference>
}

function pastOf({ size, from, past, same, days, seasons: bySlot }: History, i: number): Past {
	// A window that stood out does not show how the series usually is: while that lasts, its past is frozen.
	const withoutOutliers = (windows: readonly PastWindow[]): Slot[] =>
		windows
			.filter((w) => w.result.columns[i]?.stoodOut === false)
			.map((w) => ({ from: w.from, groups: independent(w.result, w.result.columns[i] as ColumnResult) }))
	const windows = withoutOutliers(past)
	const sameHour = withoutOutliers(same)
	const seasons = seasonsOf(
		size,
		from,
		{ same: sameHour, days: size === '1h' ? withoutOutliers(days) : windows },
		bySlot[i],
	)
	const ofKind = size === '1h' && seasons?.source === 'past' ? sameHour : windows
	return { windows, seasons, differences: differencesOf(ofKind, size, seasons) }
}

/** Of each window from the last earlier one of the same season: a seasonal difference is not variation. */
function differencesOf(
	windows: readonly Slot[],
	size: WindowSize,
	seasons: Seasons | undefined,
): Past['differences'] {
	const differences = new Map<number, Difference>()
	const before = new Map<Float64Array | undefined, Slot[]>()
	for (const window of windows) {
		const usual = seasons?.at(window.from)
		const alike = before.get(usual) ?? []
		const lag = size === '1h' && (usual === undefined || usual === seasons?.all) ? lagOfHours : 1
		const last = alike.at(-lag)
		if (last) differences.set(window.from, differenceOf(last.groups, window.groups, 2))
		before.set(usual, [...alike.slice(1 - lagOfHours), window])
	}
	return differences
}

function sharedVariance(pasts: readonly Past[], today: readonly Difference[]): number {
	const byWindow = new Map<number, Difference[]>()
	for (const { differences } of pasts)
		for (const [at, difference] of differences) byWindow.set(at, [...(byWindow.get(at) ?? []), difference])
	return commonVariance([...byWindow.values()], today)
}

const expectedOf = ({ groups }: ReferenceColumn, { seasons }: Past, { size, from, parts }: History) =>
	expectedGroups(
		seasons,
		groups,
		size === '7d' ? parts.map((w) => ({ from: w.from, rows: w.result.rows })) : [{ from, rows: 1 }],
	)

/** The level of a week is the mean of its days; a season adds the error of the weeks it was learnt from. */
function ofWindow(variation: Variation, { size, parts }: History, weeks: number | undefined): Variation {
	const own =
		size === '7d'
			? ofSum(
					variation,
					parts.map((w) => w.result.rows),
				)
			: variation
	if (weeks === undefined) return own
	return { ...own, variance: (own.variance * (weeks + 1)) / (weeks - 1) }
}

/** Two days count as one occurrence: a Sunday does not show how Saturdays are. */
const oneWeekend = 5

/** Whether a window of this kind was seen before: working day or weekend and, for an hour, that time of day. */
function seenKind(size: WindowSize, from: number, past: readonly { from: number }[]): boolean {
	if (size === '7d') return past.length >= 7
	return past.some(
		(w) =>
			isWeekend(w.from) === isWeekend(from) &&
			(!isWeekend(from) || from - w.from >= oneWeekend * windowMs['1d']) &&
			(size === '1d' || (from - w.from) % windowMs['1d'] < hourMs),
	)
}

const isBeyond = ({ min, max }: ReferenceColumn, own: ColumnResult): boolean => own.min > max || own.max < min

/** Whether a column has left the range of the baseline as a whole, as what only grows does. */
export const growsBeyond = ({ columns }: Reference, result: WindowResult): boolean =>
	columns.some((column, i) => isBeyond(column, result.columns[i] as ColumnResult))

/** Windows in a row, or parts of one, that do not overlap and always go one way: three at least. */
const minSteps = 3

function isMonotonic(
	column: ReferenceColumn,
	own: ColumnResult,
	i: number,
	{ size, past, parts }: History,
): boolean {
	if (column.bins.name.startsWith('$')) return false
	const ranges = (windows: readonly PastWindow[]) =>
		windows.flatMap((w) => w.result.columns[i] ?? []).filter((c) => !Number.isNaN(c.min))
	const before = size === '7d' ? [] : [...ranges(past).slice(1 - minSteps), own]
	return [before, ranges(parts)].some(
		(steps) =>
			steps.length >= minSteps &&
			(steps.every((c, k) => k === 0 || c.min > (steps[k - 1] as ColumnResult).max) ||
				steps.every((c, k) => k === 0 || c.max < (steps[k - 1] as ColumnResult).min)),
	)
}
