import type { Detector } from './detector.ts'

export type DdmOptions = {
	/** Values seen before anything is raised. */
	warmStart: number
	/** Raised when p + s is above p_min + this many s_min. */
	warning: number
	drift: number
}

export type DdmState = {
	options: DdmOptions
	n: number
	/** Error rate so far. */
	p: number
	/** p and s where p + s was least; null during the warm start. */
	best: { p: number; s: number } | null
}

const defaults: DdmOptions = { warmStart: 30, warning: 2, drift: 3 }

const initial = (options: Partial<DdmOptions> = {}): DdmState => {
	const all = { ...defaults, ...options }
	if (!(all.warmStart >= 1 && all.warning >= 0 && all.drift >= all.warning))
		throw new RangeError('DDM needs warmStart >= 1 and 0 <= warning <= drift')
	return { options: all, n: 0, p: 0, best: null }
}

/**
 * The Drift Detection Method (Gama et al. 2004) over a stream of errors, 1 wrong and 0 right: drift when the error rate
 * has risen by 3 of its standard deviations above its best; river.drift.binary.DDM. It sees rises only, and has no
 * bound on false alarms: on stationary streams of 10,000 errors it raises one in 60%, 41%, 19% of them at error rates
 * of 5%, 10%, 30%. After a change from 10% to 30% it takes some 180 values.
 */
export const ddm: Detector<DdmOptions, DdmState> = {
	initial,
	update(state, x) {
		if (x !== 0 && x !== 1) throw new RangeError('DDM takes errors as 0 or 1')
		const { options } = state
		const n = state.n + 1
		const p = state.p + (1 / n) * (x - state.p)
		const s = Math.sqrt((p * (1 - p)) / n)
		if (n <= options.warmStart) return { state: { options, n, p, best: null }, drift: false, warning: false }
		const best = state.best === null || p + s <= state.best.p + state.best.s ? { p, s } : state.best
		if (p + s > best.p + options.drift * best.s)
			return { state: initial(options), drift: true, warning: false }
		const warning = p + s > best.p + options.warning * best.s
		return { state: { options, n, p, best }, drift: false, warning }
	},
}
