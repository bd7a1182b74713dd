/** One statistic of one subject in one window, as HTTP, Slack and the command line return it. Times are RFC 3339, UTC. */
export type MetricPoint = {
	metric: string
	subject: {
		model: string
		version: string
		environment: string
		feature?: string
		segment?: { name: string; value: string }
		group?: string
		/** Why rows were rejected. */
		code?: string
	}
	window: { from: string; to: string }
	status: 'ok' | 'insufficient' | 'failed'
	value: number | null
	/** Rows of the window, and of the baseline. */
	n: number
	m: number
	/** Of drift: the rows that the test counts, after rows of one subject and the variation between windows are allowed for. */
	nEffective?: number
	low: number | null
	high: number | null
	p: number | null
	q: number | null
	method: string
	reason: string | null
	/** Digest of the baseline that the window was compared with. */
	baseline: string | null
	provisional: boolean
	computedAt: string
	/** When the replaced value was computed. */
	supersedes?: string
	/** Why the value differs from the replaced one. */
	change?: string
	/** Of an estimate: whether it is trustworthy, and the true value once outcomes are known. */
	trust?: 'ok' | 'doubtful'
	realised?: { value: number; error: number; inside: boolean }
}

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
