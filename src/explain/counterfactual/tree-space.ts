import type { Model } from '../model.ts'
import { decideAll, goesLeft, missingType, nodeFlag, type TreeEnsemble } from '../trees/ensemble.ts'
import { type Axis, changed } from './axis.ts'
import { type Box, changesAt, costOf, type Range, type Space } from './search.ts'
import type { Aim } from './target.ts'

type Row = Readonly<Record<string, unknown>>
type Structure = Extract<NonNullable<Model['structure']>, { kind: 'trees' }>

/** The places of one axis in the model's columns: `at(place)[k]` is the value of `columns[k]`. */
type Encoded = { columns: readonly number[]; isNumber: boolean; at(place: number): readonly number[] }

/**
 * The search space of a tree ensemble. The bound of a box is the sum of the best leaf that each tree can reach when the columns
 * of the box are anywhere in their ranges and all others are fixed: no row of the box can exceed it.
 */
export function treeSpace(
	model: Model,
	structure: Structure,
	row: Row,
	axes: readonly Axis[],
	aim: Aim,
	changeCost: number,
): Space {
	const bound = new Bound(structure.ensemble, model.encode(row).x, aim.sign)
	const encoded = axes.map((axis) => encodedAxis(model, row, axis, structure))
	const space: Space = {
		axes,
		changeCost,
		gain: (box) => bound.gain(box, encoded),
		lower(box) {
			const gain = bound.gain(box, encoded)
			return gain >= aim.need - aim.slack ? costOf(space, box) : undefined
		},
		land(box) {
			// A number that means a missing value is not advice.
			const isMissing = ({ axis, from }: Range) => {
				const { isNumber, at } = encoded[axis] as Encoded
				return isNumber && at(from).some(Number.isNaN)
			}
			if (box.some(isMissing)) return undefined
			const changes = changesAt(axes, box)
			return aim.reached(changed(row, changes)) && { changes, cost: costOf(space, box) }
		},
	}
	return space
}

function encodedAxis(model: Model, row: Row, axis: Axis, { sources }: Structure): Encoded {
	const { columns = [] } = sources[axis.index] ?? {}
	const known = new Map<number, number[]>()
	return {
		columns,
		isNumber: typeof axis.from === 'number' && sources[axis.index]?.categories === undefined,
		at(place) {
			const before = known.get(place)
			if (before) return before
			const { x } = model.encode(changed(row, [[axis.feature, axis.value(place)]]))
			const values = columns.map((c) => x[c] as number)
			known.set(place, values)
			return values
		},
	}
}

/** A tree reduced to its open splits: a leaf's value, or a split on a column that may change. */
type Small = number | { node: number; left: Small; right: Small }

class Bound {
	private readonly e: TreeEnsemble
	private readonly sign: 1 | -1
	/** Which way the original row goes at each node. */
	private readonly decisions: Uint8Array
	private readonly low: Float64Array
	private readonly high: Float64Array
	private readonly isMoved: Uint8Array
	/** By set of axes: its reduced trees, and the sum of their leaves for the original row. */
	private readonly reduced = new Map<string, { trees: Small[]; now: number }>()

	constructor(e: TreeEnsemble, x: Float64Array, sign: 1 | -1) {
		this.e = e
		this.sign = sign
		this.decisions = decideAll(e, x, new Uint8Array(e.feature.length))
		this.low = x.slice()
		this.high = x.slice()
		this.isMoved = new Uint8Array(x.length)
	}

	/** The maximum move of the margin in the wanted direction; for single places, the actual move. */
	gain(box: Box, encoded: readonly Encoded[]): number {
		const { trees, now } = this.treesOf(box, encoded)
		for (const { axis, from, to } of box) this.setRange(encoded[axis] as Encoded, from, to)
		let best = 0
		for (const tree of trees) best += this.best(tree)
		return best - now
	}

	private treesOf(box: Box, encoded: readonly Encoded[]): { trees: Small[]; now: number } {
		const key = box.map((r) => r.axis).join()
		const known = this.reduced.get(key)
		if (known) return known
		const columns = box.flatMap((r) => (encoded[r.axis] as Encoded).columns)
		for (const c of columns) this.isMoved[c] = 1
		const made = { trees: [] as Small[], now: 0 }
		for (let tree = 0; tree < this.e.trees; tree++) {
			const small = this.reduce(this.e.roots[tree] as number)
			if (typeof small === 'number') continue
			made.trees.push(small)
			made.now += this.now(small)
		}
		for (const c of columns) this.isMoved[c] = 0
		this.reduced.set(key, made)
		return made
	}

	private reduce(node: number): Small {
		const { e, decisions, isMoved } = this
		let at = node
		while ((e.left[at] as number) >= 0 && isMoved[e.feature[at] as number] !== 1)
			at = (decisions[at] === 1 ? e.left[at] : e.right[at]) as number
		if ((e.left[at] as number) < 0) return this.sign * (e.value[at] as number)
		const left = this.reduce(e.left[at] as number)
		const right = this.reduce(e.right[at] as number)
		return left === right ? left : { node: at, left, right }
	}

	private now(small: Small): number {
		let at = small
		while (typeof at !== 'number') at = this.decisions[at.node] === 1 ? at.left : at.right
		return at
	}

	/** Numbers grow with their place; for categories every place must be tried. */
	private setRange({ columns, isNumber, at }: Encoded, from: number, to: number): void {
		for (const c of columns) {
			this.low[c] = Number.POSITIVE_INFINITY
			this.high[c] = Number.NEGATIVE_INFINITY
		}
		for (let place = from; place <= to; place += isNumber ? Math.max(1, to - from) : 1) {
			if (place === 0) continue
			at(place).forEach((value, k) => {
				const c = columns[k] as number
				// A missing value among others: a node treats it like one of these extremes.
				const isOdd = from !== to && Number.isNaN(value)
				this.low[c] = Math.min(this.low[c] as number, isOdd ? Number.NEGATIVE_INFINITY : value)
				this.high[c] = Math.max(this.high[c] as number, isOdd ? Number.POSITIVE_INFINITY : value)
			})
		}
	}

	/** The best reachable leaf in the wanted direction. */
	private best(small: Small): number {
		if (typeof small === 'number') return small
		const ways = this.ways(small.node)
		if (ways === left) return this.best(small.left)
		if (ways === right) return this.best(small.right)
		return Math.max(this.best(small.left), this.best(small.right))
	}

	private ways(node: number): number {
		const { e, low, high } = this
		const flags = e.flags[node] as number
		const column = e.feature[node] as number
		const [a, b] = [low[column] as number, high[column] as number]
		const atLow = goesLeft(e, node, low) ? left : right
		if (a === b) return atLow
		// Between two codes are codes of other categories, and some trees treat zero as missing.
		const isOdd =
			(flags & nodeFlag.categorical) !== 0 ||
			(e.style === 'lightgbm' && flags >>> nodeFlag.missingShift === missingType.zero && a <= 0 && b >= 0)
		return isOdd ? left | right : atLow | (goesLeft(e, node, high) ? left : right)
	}
}

const left = 1
const right = 2
