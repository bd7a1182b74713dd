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

/** The mean of estimates that share rows, likewise. */
export function meanOfDependent(parts: readonly Estimate[]): Estimate {
	const { value, low, high } = sumOfDependent(parts)
	return { value: value / parts.length, low: low / parts.length, high: high / parts.length }
}
