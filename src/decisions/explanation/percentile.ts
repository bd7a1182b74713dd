import type { FeatureDistribution } from './background.ts'
import { minRows } from './background.ts'

/** How many of the ascending numbers are below `value`, by halving. */
function countBelow(sorted: readonly number[], value: number, orEqual: boolean): number {
	let [low, high] = [0, sorted.length]
	while (low < high) {
		const middle = (low + high) >>> 1
		const x = sorted[middle] as number
		if (x < value || (orEqual && x === value)) low = middle + 1
		else high = middle
	}
	return low
}

/**
 * Where a value stands among approved applicants: a number by its mid-rank (below + half of the equal, in percent), any
 * other value, and a number that is a code, by the share that has the same. Null where fewer than 30 are known.
 */
export function standing(
	distribution: FeatureDistribution | undefined,
	value: unknown,
	isNumeric: boolean,
): { percentile: number | null; share: number | null } {
	if (!distribution) return { percentile: null, share: null }
	const { numbers, others, missing } = distribution
	if (typeof value === 'number' && isNumeric) {
		if (numbers.length < minRows) return { percentile: null, share: null }
		const below = countBelow(numbers, value, false)
		const equal = countBelow(numbers, value, true) - below
		return { percentile: round((100 * (below + equal / 2)) / numbers.length), share: null }
	}
	const n = numbers.length + missing + Object.values(others).reduce((sum, count) => sum + count, 0)
	if (n < minRows) return { percentile: null, share: null }
	return { percentile: null, share: round((100 * countOf(distribution, value)) / n) }
}

function countOf({ numbers, others, missing }: FeatureDistribution, value: unknown): number {
	if (value === null || value === undefined) return missing
	if (typeof value === 'number') return countBelow(numbers, value, true) - countBelow(numbers, value, false)
	const key = JSON.stringify(value)
	return Object.hasOwn(others, key) ? (others[key] as number) : 0
}

const round = (percent: number) => Math.round(percent * 100) / 100
