/**
 * Linear scales with round ticks. d3-scale would bring five more packages for these lines; it has no steps of 2.5, and it
 * overflows for ranges near the largest double, which model files may contain. d3-shape would only join points.
 */
export type Scale = {
	/** The coordinate of a value. */
	at(value: number): number
	low: number
	high: number
	ticks: number[]
	/** The distance between two ticks. */
	step: number
}

const coarseSteps = [1, 2, 5]
const fineSteps = [1, 2, 2.5, 5]

/** The smallest round number that is at least `min`: a power of ten times one of `steps`. */
export function roundUp(min: number, steps: readonly number[] = fineSteps): number {
	const power = 10 ** Math.floor(Math.log10(min))
	return power * (steps.find((step) => step * power >= min * (1 - 1e-9)) ?? 10)
}

/** Maps [low, high] to [from, to]. Halves have a difference that is a number even for the largest doubles. */
const linear =
	([low, high]: readonly [number, number], [from, to]: readonly [number, number]) =>
	(value: number): number =>
		from + ((value / 2 - low / 2) / (high / 2 - low / 2)) * (to - from)

/** A scale over the values and a margin around them, with ticks inside. Equal values get a range around them. */
export function scaleAround(
	values: readonly number[],
	range: readonly [number, number],
	maxTicks: number,
): Scale {
	let low = Math.min(...values)
	let high = Math.max(...values)
	const tiny = Math.max(Math.abs(low), Math.abs(high)) * 1e-12
	if (!(high / 2 - low / 2 > tiny)) {
		const around = Math.abs(low) / 10 || 1
		low -= around
		high += around
	}
	const margin = high / 16 - low / 16
	low -= margin
	high += margin
	const step = roundUp(high / maxTicks - low / maxTicks)
	const ticks: number[] = []
	for (let i = Math.ceil(low / step); i * step <= high && ticks.length <= maxTicks; i++) ticks.push(i * step)
	return { at: linear([low, high], range), low, high, ticks, step }
}

/** A scale that begins and ends at a tick. */
export function scaleToTicks(
	[low, high]: readonly [number, number],
	range: readonly [number, number],
	count = 5,
): Scale {
	const ticks = roundTicks(low, high, count)
	const [first, second, last] = [ticks[0] as number, ticks[1] as number, ticks.at(-1) as number]
	return { at: linear([first, last], range), low: first, high: last, ticks, step: second - first }
}

/** Round numbers (1, 2 or 5 times a power of ten apart) that cover a range, about `count` steps. */
export function roundTicks(low: number, high: number, count = 5): number[] {
	if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
	// The range of the largest doubles is not a number, and there is no round number beyond them.
	if (!Number.isFinite(2 * (high - low))) return [low, 0, high]
	const span = high > low ? high - low : Math.max(Math.abs(low), 1)
	const step = roundUp(span / count, coarseSteps)
	const first = Math.floor(low / step + 1e-9)
	const last = Math.max(first + 1, Math.ceil((high > low ? high : low + span) / step - 1e-9))
	// A product, not a sum of steps, so that 0.3 stays 0.3.
	return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}
