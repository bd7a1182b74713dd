import type { MetricPoint } from './metric-point.schema.ts'
/** What a descriptor computes: an answer without its place. */
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
