import type { Estimate } from '../../stats/estimate.ts'

/** A number as it is answered: null where there is none. */
export const orNull = (x: number): number | null => (Number.isFinite(x) ? x : null)

/** A bound that is infinite is null too: there is none. */
export const toEstimate = ({ value, low, high }: Estimate) =>
	Number.isFinite(value)
		? { value, low: orNull(low), high: orNull(high) }
		: { value: null, low: null, high: null }
