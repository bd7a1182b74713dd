/** A value's place along an axis, and the values that are marked on it. */
export type Scale = { at(value: number): number; ticks: number[]; low: number; high: number }

/** Round numbers (1, 2 or 5 times a power of ten apart) that cover a range; about `count` steps. */
export function roundTicks(low: number, high: number, count = 5): number[] {
	if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
	// The largest numbers have no difference, and no round number beyond them.
	if (!Number.isFinite(2 * (high - low))) return [low, 0, high]
	const span = high > low ? high - low : Math.max(Math.abs(low), 1)
	const rough = span / count
	const power = 10 ** Math.floor(Math.log10(rough))
	const step = power * ([1, 2, 5].find((m) => m * power >= rough * 0.999) ?? 10)
	const first = Math.floor(low / step + 1e-9)
	const last = Math.max(first + 1, Math.ceil((high > low ? high : low + span) / step - 1e-9))
	// A product, not a sum of steps, so that 0.3 stays 0.3.
	return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** A scale from the first tick to the last, onto `from` .. `to`. */
export function linearScale(
	[low, high]: readonly [number, number],
	[from, to]: readonly [number, number],
	count = 5,
): Scale {
	const ticks = roundTicks(low, high, count)
	const [first, last] = [ticks[0] as number, ticks.at(-1) as number]
	return {
		// Halves, whose difference is a number even for the largest ones.
		at: (value) => from + ((value / 2 - first / 2) / (last / 2 - first / 2)) * (to - from),
		ticks,
		low: first,
		high: last,
	}
}
