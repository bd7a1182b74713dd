import type { Estimate } from '../stats/estimate.ts'

/** A measure as it is stored: without its method, which the descriptor names. NaN: not defined. */
export type Finding = {
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
export const found = (
	estimate: Estimate & { p?: number },
	n: number,
	why = 'not defined for these rows',
): Finding => {
	const { value, low, high, p = Number.NaN } = estimate
	return Number.isFinite(value) ? { value, low, high, p, q: Number.NaN, n } : missing(n, why)
}

export const statusOf = ({ value, failed }: Finding): 'ok' | 'insufficient' | 'failed' =>
	Number.isFinite(value) ? 'ok' : failed ? 'failed' : 'insufficient'

export const missing = (n: number, reason: string): Finding => ({ ...nothing, n, reason })

/** More rows would not help: the numbers are beyond what doubles can hold. */
export const failed = (n: number, reason: string): Finding => ({ ...missing(n, reason), failed: true })
