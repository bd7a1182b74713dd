import { type Detector, requireFinite, type Step } from './detector.ts'

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

const defaults: AdwinOptions = {
	delta: 0.002,
	clock: 32,
	maxBuckets: 5,
	minWindowLength: 5,
	gracePeriod: 10,
}

const initial = (options: Partial<AdwinOptions> = {}): AdwinState => {
	const all = { ...defaults, ...options }
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
	initial,
	update(state, x): Step<AdwinState> {
		requireFinite(x)
		const { clock, gracePeriod } = state.options
		const next = add(state, x)
		const drift = next.width % clock === 0 && next.width > gracePeriod && hasCut(next)
		return { state: drift ? initial(state.options) : next, drift, warning: false }
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
function compressed(sizes: AdwinState['sizes'], x: number, most: number): Bucket[][] {
	const rows = sizes.slice() as Bucket[][]
	let added: Bucket | undefined = { total: x, spread: 0 }
	for (let i = 0; added !== undefined; i++) {
		const row: Bucket[] = [...(rows[i] ?? []), added]
		const [first, second] = row
		added = undefined
		if (row.length > most && first && second) {
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
			const least = state.options.minWindowLength
			if (olderN < least || newerN < least) continue
			if (Math.abs(olderTotal / olderN - newerTotal / newerN) > bound(state, olderN, newerN)) return true
		}
	}
	return false
}

/** Epsilon of equation 3.1 (Bernstein's inequality); lengths count from the least, as river has it. */
function bound({ options, width, spread }: AdwinState, older: number, newer: number): number {
	const least = options.minWindowLength
	const evidence = Math.log((2 * Math.log(width)) / options.delta)
	const inverse = 1 / (older - least + 1) + 1 / (newer - least + 1)
	return Math.sqrt(2 * inverse * (spread / width) * evidence) + (2 / 3) * evidence * inverse
}
