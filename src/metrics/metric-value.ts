import type { Estimate } from '../stats/estimate.ts'

/** A measure as it is stored: without its method, which the descriptor names. NaN: not defined. */
export type MetricValue = {
	value: number
	low: number
	high: number
	p: number
	q: number
	/** Rows that it rests on. */
	n: number
	/** Of an estimate: whether it can be believed. */
	trust?: 'ok' | 'doubtful'
	/** It could not be computed, however many rows there are. */
	failed?: true
	/** Why there is no value, or what to think of when reading it. */
	reason?: string
}

const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN, p: Number.NaN, q: Number.NaN }

/** An estimate over n rows. `why` says what is missing when it has no value. */
export const ok = (
	estimate: Estimate & { p?: number },
	n: number,
	why = 'not defined for these rows',
): MetricValue => {
	const { value, low, high, p = Number.NaN } = estimate
	return Number.isFinite(value) ? { value, low, high, p, q: Number.NaN, n } : notEnoughData(n, why)
}

export const statusOf = ({ value, failed }: MetricValue): 'ok' | 'insufficient' | 'failed' =>
	Number.isFinite(value) ? 'ok' : failed ? 'failed' : 'insufficient'

export const notEnoughData = (n: number, reason: string): MetricValue => ({ ...nothing, n, reason })

/** More rows would not help: the numbers are beyond what doubles can hold. */
export const failed = (n: number, reason: string): MetricValue => ({
	...notEnoughData(n, reason),
	failed: true,
})
