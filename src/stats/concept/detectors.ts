/** What one value did: the state after it (a new object; the one given is left as it was) and what it raised. */
export type Step<State> = { state: State; drift: boolean; warning: boolean }

/**
 * A streaming detector of concept drift. Its state is plain JSON, so a stream can be stopped, stored and gone on with.
 * The first value after a drift starts a fresh stream, as in river: the drift is raised once.
 */
export type Detector<Options, State> = {
	/** RangeError on options out of range. */
	initial: (options?: Partial<Options>) => State
	/** RangeError on a value that is not a finite number. */
	update: (state: State, x: number) => Step<State>
}

export function requireFinite(x: number): void {
	if (!Number.isFinite(x)) throw new RangeError('a drift detector needs a finite number')
}

export type AdwinOptions = {
	/** Chance of a false alarm per check that the cut is set for, in (0, 1). */
	delta: number
	/** Values from one check to the next. */
	clock: number
	/** Buckets of one size; one more, and the two oldest become one of twice the size. */
	maxBuckets: number
	/** Neither side of a cut is shorter. */
	minWindowLength: number
	/** No check of a window of this length or less. */
	gracePeriod: number
}

/** The sum of its values, and of their squared deviations from their mean. */
type Bucket = { total: number; spread: number }

export type AdwinState = {
	options: AdwinOptions
	/** sizes[i]: the buckets of 2^i values, oldest first. */
	sizes: readonly (readonly Bucket[])[]
	/** Of the whole window: its values, their sum, and their squared deviations from their mean. */
	width: number
	total: number
	spread: number
}

const adwinDefaults: AdwinOptions = {
	delta: 0.002,
	clock: 32,
	maxBuckets: 5,
	minWindowLength: 5,
	gracePeriod: 10,
}

const initialAdwin = (options: Partial<AdwinOptions> = {}): AdwinState => {
	const all = { ...adwinDefaults, ...options }
	if (!(all.delta > 0 && all.delta < 1)) throw new RangeError('ADWIN needs 0 < delta < 1')
	if (!(all.clock >= 1 && all.maxBuckets >= 2 && all.minWindowLength >= 1 && all.gracePeriod >= 1))
		throw new RangeError('ADWIN needs maxBuckets >= 2 and clock, minWindowLength, gracePeriod >= 1')
	return { options: all, sizes: [[]], width: 0, total: 0, spread: 0 }
}

/**
 * ADWIN2 (Bifet and Gavalda 2007), for values in [0, 1] or of that order: a window in O(log n) buckets, cut wherever the
 * means of its older and newer part differ by more than chance, in either direction; river.drift.ADWIN. After a drift it
 * starts from nothing, as river does, where the paper keeps the newer part. Stationary streams of 10,000 errors next to
 * never alarm; a change from 10% to 30% takes some 100 values.
 */
export const adwin: Detector<AdwinOptions, AdwinState> = {
	initial: initialAdwin,
	update(state, x): Step<AdwinState> {
		requireFinite(x)
		const { clock, gracePeriod } = state.options
		const next = add(state, x)
		const drift = next.width % clock === 0 && next.width > gracePeriod && hasCut(next)
		return { state: drift ? initialAdwin(state.options) : next, drift, warning: false }
	},
}

function add(state: AdwinState, x: number): AdwinState {
	const width = state.width + 1
	const off = state.width > 0 ? x - state.total / state.width : 0
	return {
		options: state.options,
		sizes: compressed(state.sizes, x, state.options.maxBuckets),
		width,
		total: state.total + x,
		spread: state.spread + (state.width * off * off) / width,
	}
}

/** The buckets with one more value; rows that stay as they were are shared with the old state. */
function compressed(sizes: AdwinState['sizes'], x: number, maxInRow: number): Bucket[][] {
	const rows = sizes.slice() as Bucket[][]
	let added: Bucket | undefined = { total: x, spread: 0 }
	for (let i = 0; added !== undefined; i++) {
		const row: Bucket[] = [...(rows[i] ?? []), added]
		const [first, second] = row
		added = undefined
		if (row.length > maxInRow && first && second) {
			added = merged(first, second, 2 ** i)
			row.splice(0, 2)
		}
		rows[i] = row
	}
	return rows
}

/** Two buckets of `size` values each as one (Babcock et al. 2003). */
function merged(a: Bucket, b: Bucket, size: number): Bucket {
	const apart = a.total / size - b.total / size
	return { total: a.total + b.total, spread: a.spread + b.spread + size * 0.5 * apart * apart }
}

/** Is there a border between buckets, oldest first, where the means differ by more than the bound? */
function hasCut(state: AdwinState): boolean {
	let [olderN, olderTotal] = [0, 0]
	let [newerN, newerTotal] = [state.width, state.total]
	for (let i = state.sizes.length - 1; i >= 0; i--) {
		const size = 2 ** i
		for (const { total } of state.sizes[i] ?? []) {
			olderN += size
			newerN -= size
			olderTotal += total
			newerTotal -= total
			const minLength = state.options.minWindowLength
			if (olderN < minLength || newerN < minLength) continue
			if (Math.abs(olderTotal / olderN - newerTotal / newerN) > bound(state, olderN, newerN)) return true
		}
	}
	return false
}

/** Epsilon of equation 3.1 (Bernstein's inequality); lengths count from the least, as river has it. */
function bound({ options, width, spread }: AdwinState, older: number, newer: number): number {
	const minLength = options.minWindowLength
	const evidence = Math.log((2 * Math.log(width)) / options.delta)
	const inverse = 1 / (older - minLength + 1) + 1 / (newer - minLength + 1)
	return Math.sqrt(2 * inverse * (spread / width) * evidence) + (2 / 3) * evidence * inverse
}

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

const ddmDefaults: DdmOptions = { warmStart: 30, warning: 2, drift: 3 }

const initialDdm = (options: Partial<DdmOptions> = {}): DdmState => {
	const all = { ...ddmDefaults, ...options }
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
	initial: initialDdm,
	update(state, x) {
		if (x !== 0 && x !== 1) throw new RangeError('DDM takes errors as 0 or 1')
		const { options } = state
		const n = state.n + 1
		const p = state.p + (1 / n) * (x - state.p)
		const s = Math.sqrt((p * (1 - p)) / n)
		if (n <= options.warmStart) return { state: { options, n, p, best: null }, drift: false, warning: false }
		const best = state.best === null || p + s <= state.best.p + state.best.s ? { p, s } : state.best
		if (p + s > best.p + options.drift * best.s)
			return { state: initialDdm(options), drift: true, warning: false }
		const warning = p + s > best.p + options.warning * best.s
		return { state: { options, n, p, best }, drift: false, warning }
	},
}

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
	minLength: number
	/** The sum of deviations plus delta, and its greatest so far. */
	fall: number
	greatest: number
}

const pageHinkleyDefaults: PageHinkleyOptions = {
	minInstances: 30,
	delta: 0.005,
	threshold: 50,
	alpha: 1 - 0.0001,
	mode: 'both',
}

const initialPageHinkley = (options: Partial<PageHinkleyOptions> = {}): PageHinkleyState => {
	const all = { ...pageHinkleyDefaults, ...options }
	if (!(all.minInstances >= 1 && all.delta >= 0 && all.threshold > 0 && all.alpha > 0 && all.alpha <= 1))
		throw new RangeError('Page-Hinkley needs minInstances >= 1, delta >= 0, threshold > 0, 0 < alpha <= 1')
	return { options: all, n: 0, mean: 0, rise: 0, minLength: 0, fall: 0, greatest: 0 }
}

/**
 * The test of Page (1954) and Hinkley with forgetting, for any bounded stream: a CUSUM of deviations from the running
 * mean; river.drift.PageHinkley. The threshold is in units of the values: for errors of 0 and 1 the default 50 asks for
 * some 50 more errors than expected (235 values after a change from 10% to 30%), and stationary streams of 10,000 alarm
 * in 0%, 6%, 43% of cases at error rates of 5%, 10%, 30%.
 */
export const pageHinkley: Detector<PageHinkleyOptions, PageHinkleyState> = {
	initial: initialPageHinkley,
	update(state, x) {
		requireFinite(x)
		const { options } = state
		const { delta, alpha, mode, threshold } = options
		const n = state.n + 1
		const mean = state.mean + (1 / n) * (x - state.mean)
		const deviation = x - mean
		const rise = alpha * state.rise + deviation - delta
		const fall = alpha * state.fall + deviation + delta
		const minLength = Math.min(state.minLength, rise)
		const greatest = Math.max(state.greatest, fall)
		const up = mode !== 'down' && rise - minLength > threshold
		const down = mode !== 'up' && greatest - fall > threshold
		if (n >= options.minInstances && (up || down))
			return { state: initialPageHinkley(options), drift: true, warning: false }
		return { state: { options, n, mean, rise, minLength, fall, greatest }, drift: false, warning: false }
	},
}
