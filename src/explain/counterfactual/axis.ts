import { getOrInsert } from '../../core/maps.ts'
import { nextDouble, nextFloat } from '../floats.ts'
import { FeatureError, type Model } from '../model.ts'
import { missingType, nodeFlag } from '../trees/ensemble.ts'
import type { Movable } from './movable.ts'

type Row = Readonly<Record<string, unknown>>

/**
 * The possible moves of one feature in order: place 0 is its value, places 1..up and -1..-down are increasingly far away. The
 * model cannot distinguish values between two neighbouring places.
 */
export type Axis = {
	index: number
	feature: string
	from: unknown
	down: number
	up: number
	/** Distance in typical distances of the feature; another category is one typical distance away. */
	cost(place: number): number
	value(place: number): unknown
	/** Linear models: what a unit away from `from` adds to the margin. */
	slope?: number
	/** Any number between its limits is possible; the only places are the limits. */
	isFree?: boolean
	/** One typical distance. */
	scale?: number
}

export const changed = (row: Row, changes: readonly (readonly [string, unknown])[]): Row => ({
	...row,
	...Object.fromEntries(changes),
})

/** The places that a feature can move to, from the structure of the model, else from values of other rows. */
export function axisOf(
	model: Model,
	row: Row,
	movable: Movable,
	sample: readonly number[],
): Axis | undefined {
	const { feature, index } = movable
	if (movable.kind === 'category') {
		const values = movable.values.filter((v) => isTaken(model, row, feature, v))
		if (values.length === 0) return undefined
		return {
			index,
			feature,
			from: movable.from,
			down: 0,
			up: values.length,
			cost: () => 1,
			value: (i) => values[i - 1],
		}
	}
	if (movable.only) return listed(movable, movable.only)
	const { structure } = model
	if (structure?.kind === 'trees')
		return listed(movable, treeLandings(movable, structure.ensemble, structure.sources[index]?.columns ?? []))
	const part = structure?.parts[index]
	if (part === undefined)
		return listed(
			movable,
			sample.map((x) => (movable.step > 0 ? onGrid(x, movable.step, x > movable.from) : x)),
		)
	if (part.kind === 'bins') return binAxis(movable, part)
	return part.kind === 'slope' ? lineAxis(movable, part.coefficient) : undefined
}

/** Whether the model knows a category. */
function isTaken(model: Model, row: Row, feature: string, value: unknown): boolean {
	try {
		const { notes } = model.encode(changed(row, [[feature, value]]))
		return !notes.some((n) => n.feature === feature)
	} catch (error) {
		if (error instanceof FeatureError) return false
		throw error
	}
}

type Numeric = Extract<Movable, { kind: 'number' }>

/** An axis of the given values within the limits, the nearest first on both sides. */
function listed(movable: Numeric, values: readonly number[]): Axis | undefined {
	const { feature, index, from, low, high, scale } = movable
	const [above, below]: [number[], number[]] = [[], []]
	let last = from
	for (const v of Float64Array.from(values).sort()) {
		if (v === last || v === from || !(v >= low && v <= high)) continue
		last = v
		if (v > from) above.push(v)
		else below.push(v)
	}
	if (above.length + below.length === 0) return undefined
	below.reverse()
	const value = (i: number) => (i > 0 ? above[i - 1] : below[-i - 1]) as number
	return {
		index,
		feature,
		from,
		down: below.length,
		up: above.length,
		value,
		cost: (i) => Math.abs(value(i) - from) / scale,
	}
}

/** The nearest value across a bound: at or above it (`up`), else below it, on the feature's grid. */
function landing({ step }: Numeric, exact: number, up: boolean): number {
	return step > 0 ? onGrid(exact, step, up) : exact
}

type Ensemble = Extract<NonNullable<Model['structure']>, { kind: 'trees' }>['ensemble']

type Thresholds = {
	/** Finite ones in ascending order. */
	values: readonly number[]
	/** The shortest decimals at and just below each, in float32. */
	atOrAbove: readonly number[]
	below: readonly number[]
	zeroIsMissing: boolean
}
const thresholdsOf = new WeakMap<Ensemble, Map<number, Thresholds>>()

/** The thresholds of each column, collected once a model. */
function columnThresholds(e: Ensemble): Map<number, Thresholds> {
	const known = thresholdsOf.get(e)
	if (known) return known
	const found = new Map<number, { values: Set<number>; zeroIsMissing: boolean }>()
	for (let node = 0; node < e.feature.length; node++) {
		const column = e.feature[node] as number
		if (column < 0) continue
		const of = getOrInsert(found, column, () => ({ values: new Set(), zeroIsMissing: false }))
		of.values.add(e.threshold[node] as number)
		of.zeroIsMissing ||=
			e.style === 'lightgbm' && (e.flags[node] as number) >>> nodeFlag.missingShift === missingType.zero
	}
	const made = new Map<number, Thresholds>()
	for (const [column, { values: all, zeroIsMissing }] of found) {
		const values = [...all].filter(Number.isFinite).sort((x, y) => x - y)
		const [atOrAbove, below] = [values.map(shortFloat), values.map((t) => shortFloat(nextFloat(t, false)))]
		made.set(column, { values, atOrAbove, below, zeroIsMissing })
	}
	thresholdsOf.set(e, made)
	return made
}

/** The values just across every threshold on the feature's column, on the other side than its value. */
function treeLandings(movable: Numeric, e: Ensemble, columns: readonly number[]): number[] {
	const of = columnThresholds(e).get(columns[0] as number)
	if (!of) return []
	const float32 = e.precision === 'float32'
	const across = of.values.map((t, i) => {
		if (e.style === 'lightgbm')
			return movable.from <= t ? landing(movable, nextDouble(t, true), true) : landing(movable, t, false)
		const up = (float32 ? Math.fround(movable.from) : movable.from) < t
		if (movable.step > 0) {
			// A grid value that rounds to the threshold counts as the threshold.
			const grid = onGrid(t, movable.step, up)
			const lands = Math.fround(grid) < t ? !up : up
			return lands ? grid : tidy(Math.round(grid / movable.step) + (up ? 1 : -1), movable.step)
		}
		return (up ? of.atOrAbove : of.below)[i] as number
	})
	// To such trees 0 belongs neither to the numbers above it nor to those below.
	return of.zeroIsMissing ? [...across, 0] : across
}

function binAxis(
	movable: Numeric,
	{ edges, closed }: { edges: readonly number[]; closed: 'left' | 'right' },
): Axis | undefined {
	const { from } = movable
	const isAbove = (edge: number) => (closed === 'left' ? from >= edge : from > edge)
	const inner = edges.filter(Number.isFinite)
	return listed(
		movable,
		inner.map((edge) => {
			const up = !isAbove(edge)
			const belongsUp = closed === 'left'
			const exact = up === belongsUp ? edge : nextDouble(edge, up)
			return landing(movable, exact, up)
		}),
	)
}

/** A feature of a linear model: on its grid, or free between its limits. */
function lineAxis(movable: Numeric, slope: number): Axis | undefined {
	const { feature, index, from, low, high, step, scale } = movable
	if (slope === 0) return undefined
	const common = { index, feature, from, slope, scale }
	const cost = (value: number) => Math.abs(value - from) / scale
	if (step === 0) {
		const up = high > from ? 1 : 0
		const down = low < from ? 1 : 0
		const value = (i: number) => (i > 0 ? high : low)
		return up + down === 0
			? undefined
			: { ...common, isFree: true, down, up, value, cost: (i) => cost(value(i)) }
	}
	const first = (isUp: boolean) => {
		const near = onGrid(isUp ? Math.max(from, low) : Math.min(from, high), step, isUp)
		return Math.round(near / step) + (near === from ? (isUp ? 1 : -1) : 0)
	}
	const [above, below] = [first(true), first(false)]
	const maxPlaces = 2 ** 40
	const count = (n: number) => Math.max(0, Math.min(maxPlaces, n))
	const up = count(Math.floor(high / step + 1e-9) - above + 1)
	const down = count(below - Math.ceil(low / step - 1e-9) + 1)
	const value = (i: number) => tidy(i > 0 ? above + i - 1 : below + i + 1, step)
	return up + down === 0 ? undefined : { ...common, down, up, value, cost: (i) => cost(value(i)) }
}

/** The shortest decimal that is the same float32: 0.3, not 0.30000001192092896. */
function shortFloat(x: number): number {
	// If d digits are enough, so are d + 1: bisect the number of digits.
	let [low, high] = [1, 9]
	while (low < high) {
		const middle = (low + high) >> 1
		if (Math.fround(Number(x.toPrecision(middle))) === x) high = middle
		else low = middle + 1
	}
	const short = Number(x.toPrecision(low))
	return Math.fround(short) === x ? short : x
}

/** The multiple of `step` nearest to `x`, not below it (`up`) or not above it. */
function onGrid(x: number, step: number, up: boolean): number {
	const count = up ? Math.ceil(x / step) : Math.floor(x / step)
	const value = tidy(count, step)
	// x / step rounds: 0.3 / 0.1 is 2.9999999999999996.
	if (up ? value < x : value > x) return tidy(up ? count + 1 : count - 1, step)
	const closer = tidy(up ? count - 1 : count + 1, step)
	return (up ? closer >= x : closer <= x) ? closer : value
}

/** The product, rounded so that 3 x 0.1 is 0.3. */
function tidy(count: number, step: number): number {
	const product = count * step
	return Number.isInteger(step) ? product : Number(product.toPrecision(15))
}
