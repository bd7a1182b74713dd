import { type Detector, requireFinite } from './detector.ts'

export type PageHinkleyOptions = {
	/** Values seen before anything is raised. */
	minInstances: number
	/** The change of the mean that is let pass, in units of the values. */
	delta: number
	/** How far a sum may leave its extreme (lambda), in units of the values. */
	threshold: number
	/** Share of each sum that is carried on to the next value, in (0, 1]. */
	alpha: number
	/** Changes of the mean that count. */
	mode: 'up' | 'down' | 'both'
}

export type PageHinkleyState = {
	options: PageHinkleyOptions
	n: number
	mean: number
	/** The sum of deviations less delta, and its least so far. */
	rise: number
	least: number
	/** The sum of deviations plus delta, and its greatest so far. */
	fall: number
	greatest: number
}

const defaults: PageHinkleyOptions = {
	minInstances: 30,
	delta: 0.005,
	threshold: 50,
	alpha: 1 - 0.0001,
	mode: 'both',
}

const initial = (options: Partial<PageHinkleyOptions> = {}): PageHinkleyState => {
	const all = { ...defaults, ...options }
	if (!(all.minInstances >= 1 && all.delta >= 0 && all.threshold > 0 && all.alpha > 0 && all.alpha <= 1))
		throw new RangeError('Page-Hinkley needs minInstances >= 1, delta >= 0, threshold > 0, 0 < alpha <= 1')
	return { options: all, n: 0, mean: 0, rise: 0, least: 0, fall: 0, greatest: 0 }
}

/**
 * The test of Page (1954) and Hinkley with forgetting, for any bounded stream: a CUSUM of deviations from the running
 * mean; river.drift.PageHinkley. The threshold is in units of the values: for errors of 0 and 1 the default 50 asks for
 * some 50 more errors than expected (235 values after a change from 10% to 30%), and stationary streams of 10,000 alarm
 * in 0%, 6%, 43% of cases at error rates of 5%, 10%, 30%.
 */
export const pageHinkley: Detector<PageHinkleyOptions, PageHinkleyState> = {
	initial,
	update(state, x) {
		requireFinite(x)
		const { options } = state
		const { delta, alpha, mode, threshold } = options
		const n = state.n + 1
		const mean = state.mean + (1 / n) * (x - state.mean)
		const deviation = x - mean
		const rise = alpha * state.rise + deviation - delta
		const fall = alpha * state.fall + deviation + delta
		const least = Math.min(state.least, rise)
		const greatest = Math.max(state.greatest, fall)
		const up = mode !== 'down' && rise - least > threshold
		const down = mode !== 'up' && greatest - fall > threshold
		if (n >= options.minInstances && (up || down))
			return { state: initial(options), drift: true, warning: false }
		return { state: { options, n, mean, rise, least, fall, greatest }, drift: false, warning: false }
	},
}
