import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { tQuantile95 } from './t-quantile.ts'

/** Rows, their mean, and their variance (n - 1 in the denominator). */
export type MeanAndVariance = { n: number; mean: number; variance: number }

/** Mean and variance from plain sums of the values and of their squares. */
export function fromSums(n: number, sum: number, sumOfSquares: number): MeanAndVariance {
	const mean = sum / n
	return { n, mean, variance: Math.max(0, sumOfSquares - sum * mean) / (n - 1) }
}

/** 95% interval of a mean, Student's t. One row has a value and no interval; none have neither. */
export function meanEstimate({ n, mean, variance }: MeanAndVariance): Estimate {
	if (!(n > 0)) return undefinedEstimate
	if (n < 2) return { ...undefinedEstimate, value: mean }
	const half = tQuantile95(n - 1) * Math.sqrt(variance / n)
	return { value: mean, low: mean - half, high: mean + half }
}

/**
 * 95% interval of the mean of values that are nowhere below 0: Student's t on the logarithm, by the delta method. Such
 * values are skewed, and the plain interval then misses on the upper side. A mean of 0 has no more to say than 0.
 */
export function positiveMeanEstimate({ n, mean, variance }: MeanAndVariance): Estimate {
	if (!(n > 0)) return undefinedEstimate
	return logEstimate(mean, Math.sqrt(variance / n) / mean, n)
}

/** `value` > 0 with the standard error of its logarithm, from n rows. */
export function logEstimate(value: number, errorOfLog: number, n: number): Estimate {
	if (n < 2 || Number.isNaN(value)) return { ...undefinedEstimate, value }
	if (value === 0) return { value, low: 0, high: 0 }
	const factor = Math.exp(tQuantile95(n - 1) * errorOfLog)
	return { value, low: value / factor, high: value * factor }
}
