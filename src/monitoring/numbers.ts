import type { Estimate } from '../stats/estimate.ts'

/** JSON has no NaN and no infinity: null where there is no finite number. */
export const orNull = (x: number | null | undefined): number | null =>
	typeof x === 'number' && Number.isFinite(x) ? x : null

/** A value with its interval, as answers have it. */
export const toEstimate = ({ value, low, high }: Estimate) =>
	Number.isFinite(value)
		? { value, low: orNull(low), high: orNull(high) }
		: { value: null, low: null, high: null }
