import { type Estimate, undefinedEstimate } from '../estimate.ts'

/** Sum of estimates that share rows: their ends added, as if all varied as one. No dependence makes it wider. */
export function sumOfDependent(parts: readonly Estimate[]): Estimate {
	if (parts.length === 0) return undefinedEstimate
	const sum = { value: 0, low: 0, high: 0 }
	for (const { value, low, high } of parts) {
		sum.value += value
		sum.low += low
		sum.high += high
	}
	return sum
}

/**
 * The mean of estimates that share rows and vary together by one known correlation: the distances of their ends add up
 * as standard errors do (the method of variance estimates recovery, Zou and Donner 2008).
 */
export function meanOfCorrelated(parts: readonly Estimate[], correlation: number): Estimate {
	const n = parts.length
	const value = parts.reduce((sum, part) => sum + part.value, 0) / n
	const half = (of: (part: Estimate) => number) => {
		const sizes = parts.map(of)
		const squares = sizes.reduce((sum, size) => sum + size * size, 0)
		const sum = sizes.reduce((total, size) => total + size, 0)
		return Math.sqrt(squares + correlation * (sum * sum - squares)) / n
	}
	return {
		value,
		low: value - half((part) => part.value - part.low),
		high: value + half((part) => part.high - part.value),
	}
}
