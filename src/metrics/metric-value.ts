import type { Estimate } from '../stats/estimate.ts'
import type { MetricPoint } from './metric-point.schema.ts'

/** A metric as it is stored, without its method, which is in the descriptor. NaN: not defined. */
export type MetricValue = {
	value: number
	low: number
	high: number
	p: number
	q: number
	/** Rows that it was computed from. */
	n: number
	/** Of an estimate: whether it is trustworthy. */
	trust?: 'ok' | 'doubtful'
	/** It could not be computed, and more rows would not help. */
	failed?: true
	/** Why there is no value, or a caveat. */
	reason?: string
}

const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN, p: Number.NaN, q: Number.NaN }

/** An estimate over n rows. `why`: the reason when it has no value. */
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

/** For numbers beyond the range of doubles: more rows would not help. */
export const failed = (n: number, reason: string): MetricValue => ({
	...notEnoughData(n, reason),
	failed: true,
})

/** What a descriptor computes: a metric point without its subject and window. */
export type MetricResult = Pick<MetricPoint, 'status'> & {
	value: number | null
	low?: number
	high?: number
	p?: number
	q?: number
	nEffective?: number
	method: string
	reason?: string
}

export const measured = (value: number, method: string, more: Partial<MetricResult> = {}): MetricResult => ({
	status: 'ok',
	value,
	method,
	...more,
})
export const insufficient = (method: string, reason: string): MetricResult => ({
	status: 'insufficient',
	value: null,
	method,
	reason,
})
