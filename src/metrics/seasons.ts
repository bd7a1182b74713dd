import { hourMs, type WindowSize, weekMs, windowStart } from '../core/time.ts'
import { chiSquareHomogeneity } from '../stats/chi-square.ts'
import { total } from '../stats/counts.ts'

/** Counts of the reference's groups at one time: of a window, or of one hour of the week in the baseline. */
export type Slot = { from: number; groups: Float64Array }
/** A column of a baseline by hour of week, and how many weeks of rows it had. */
export type Slots = { slots: readonly Slot[]; weeks: number }

/** What is usual at a time, and what is usual overall (`all`). `weeks`: how many weeks it was learnt from, and from which `source`. */
export type Seasons = {
	all: Float64Array
	/** Times of one season share one array. */
	at(from: number): Float64Array
	weeks: number
	source: 'baseline' | 'past'
}

/** Seasons are not learnt from fewer weeks. */
export const minWeeks = 4
/** Older weeks are ignored. */
const maxWeeks = 8
const minRows = 50
/** A part of the week is its own season only when it differs from the rest by more than chance. */
const level = 0.001
/** Rows of the whole that are mixed into a part, so that a rare group has no extreme ratio. */
const shrinkage = 20

export const hourOfWeek = (ms: number): number => Math.floor((ms - windowStart('7d', ms)) / hourMs)
export const isWeekend = (ms: number): boolean => hourOfWeek(ms) >= 5 * 24
const dayOfWeek = (ms: number): number => Math.floor(hourOfWeek(ms) / 24)
const hourOfDay = (ms: number): number => hourOfWeek(ms) % 24

/** From coarse to fine: each part lies within the one before it. */
const partsOf: Record<WindowSize, readonly ((ms: number) => number)[]> = {
	'1h': [hourOfDay, (ms) => hourOfDay(ms) + (isWeekend(ms) ? 24 : 0), hourOfWeek],
	'1d': [(ms) => Number(isWeekend(ms)), dayOfWeek],
	'7d': [(ms) => Number(isWeekend(ms)), dayOfWeek],
}

/**
 * The seasons of a column: of the baseline when its rows cover four weeks, else of the past windows once there are four
 * weeks of them. `past`: windows in time order; for hours, those of the same hour of week and the `days`.
 */
export function seasonsOf(
	size: WindowSize,
	from: number,
	past: { same: readonly Slot[]; days: readonly Slot[] },
	baseline: Slots | undefined,
): Seasons | undefined {
	if (baseline) return fromSlots(baseline.slots, partsOf[size], baseline.weeks, 'baseline')
	const recent = past.days.filter((w) => w.from >= from - maxWeeks * weekMs)
	if (size === '1h') return ofHour(past.same, recent)
	const weeks = recent.filter((w) => dayOfWeek(w.from) === dayOfWeek(from)).length
	return weeks < minWeeks ? undefined : fromSlots(recent, partsOf[size], weeks, 'past')
}

function ofHour(same: readonly Slot[], days: readonly Slot[]): Seasons | undefined {
	if (same.length < minWeeks) return undefined
	const all = sumOf([...days, ...same])
	const own = sumOf(same)
	const usual = differs(own, all) ? own : all
	return { all, at: () => usual, weeks: same.length, source: 'past' }
}

function fromSlots(
	slots: readonly Slot[],
	parts: readonly ((ms: number) => number)[],
	weeks: number,
	source: Seasons['source'],
): Seasons {
	const all = sumOf(slots)
	const sums = new Map<string, Float64Array>()
	const partAt = (level: number, from: number): Float64Array => {
		const part = parts[level] as (ms: number) => number
		const key = `${level} ${part(from)}`
		const known = sums.get(key) ?? sumOf(slots.filter((s) => part(s.from) === part(from)))
		sums.set(key, known)
		return known
	}
	const known = new Map<number, Float64Array>()
	const at = (from: number): Float64Array => {
		const key = hourOfWeek(from)
		let usual = known.get(key)
		if (!usual) {
			usual = all
			for (const level of parts.keys()) if (differs(partAt(level, from), usual)) usual = partAt(level, from)
			known.set(key, usual)
		}
		return usual
	}
	return { all, at, weeks, source }
}

function sumOf(slots: readonly Slot[]): Float64Array {
	const sum = new Float64Array(slots[0]?.groups.length ?? 0)
	for (const { groups } of slots)
		for (let g = 0; g < sum.length; g++) sum[g] = (sum[g] as number) + (groups[g] as number)
	return sum
}

/** Whether a part of a whole is distributed differently from the rest. */
function differs(part: Float64Array, whole: Float64Array): boolean {
	const rest = whole.map((c, g) => Math.max(0, c - (part[g] as number)))
	if (total(part) < minRows || total(rest) < minRows) return false
	return chiSquareHomogeneity(part, rest).p <= level
}

/** The ratio of each group's share at these times to its overall share; undefined when no season applies. */
function ratiosAt({ all, at }: Seasons, times: readonly { from: number; rows: number }[]) {
	const parts = times.map(({ from, rows }) => ({ usual: at(from), rows }))
	if (parts.every(({ usual }) => usual === all)) return undefined
	const [a, rows] = [total(all), parts.reduce((sum, p) => sum + p.rows, 0)]
	const shares = new Float64Array(all.length)
	let error = 0
	for (const { usual, rows: own } of parts) {
		const weight = own / rows
		const size = total(usual)
		error += weight ** 2 / size
		for (let g = 0; g < shares.length; g++) {
			const share = (all[g] as number) / a
			const mixed = ((usual[g] as number) + shrinkage * share) / (size + shrinkage)
			shares[g] = (shares[g] as number) + weight * mixed
		}
	}
	// A part is not independent of the whole that contains it.
	const ratios = shares.map((s, g) => ((all[g] as number) > 0 ? (s * a) / (all[g] as number) : 1))
	return { ratios, error: Math.max(0, error - 1 / a) }
}

/**
 * The baseline as expected at these times: each group's share times its seasonal ratio. The level stays the baseline's,
 * so that a lasting shift is not absorbed. The total of the counts expresses how exactly the shares are known.
 */
export function expectedGroups(
	seasons: Seasons | undefined,
	groups: Float64Array,
	times: readonly { from: number; rows: number }[],
): Float64Array | undefined {
	const season = seasons && times.length > 0 ? ratiosAt(seasons, times) : undefined
	if (!season) return undefined
	const m = total(groups)
	const weighted = groups.map((c, g) => c * (season.ratios[g] as number))
	const size = 1 / (1 / m + season.error)
	const scale = size / total(weighted)
	return weighted.map((c) => c * scale)
}
