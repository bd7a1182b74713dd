import type { Model } from '../model.ts'
import { decideAll, goesLeft, missingType, nodeFlag, type TreeEnsemble } from '../trees/ensemble.ts'
import { type Axis, changed } from './axis.ts'
import { type Box, costOf, type Space } from './search.ts'
import type { Aim } from './target.ts'

type Row = Readonly<Record<string, unknown>>
type Structure = Extract<NonNullable<Model['structure']>, { kind: 'trees' }>

/** Places of one axis as the model's columns: `at(place)[k]` is the value of `columns[k]`. */
type Encoded = { columns: readonly number[]; isNumber: boolean; at(place: number): readonly number[] }

/**
 * Moves of a tree ensemble. A box is bounded by the best leaf that each tree can still come to when the columns of the box
 * lie anywhere in their ranges and all others where they are: the sum of those is never beaten by a row of the box.
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
		lower(box) {
			const gain = bound.gain(box, encoded)
			return gain >= aim.need - aim.slack ? costOf(space, box) : undefined
		},
		land(box) {
			const changes = box.map(({ axis, from }): [string, unknown] => {
				const a = axes[axis] as Axis
				return [a.feature, a.value(from)]
			})
			return aim.reached(changed(row, changes)) && { changes, cost: costOf(space, box) }
		},
	}
	return space
}

function encodedAxis(model: Model, row: Row, axis: Axis, { sources }: Structure): Encoded {
	const columns = sources[axis.index]?.columns ?? []
	const known = new Map<number, number[]>()
	return {
		columns,
		isNumber: sources[axis.index]?.categories === undefined,
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

class Bound {
	private readonly e: TreeEnsemble
	private readonly sign: 1 | -1
	/** Of the row as it is: which way it goes at each node, and the leaf value of each tree. */
	private readonly decisions: Uint8Array
	private readonly leaves: Float64Array
	/** Of each column, the trees that ask for it. */
	private readonly treesOf = new Map<number, Set<number>>()
	private readonly low: Float64Array
	private readonly high: Float64Array
	private readonly isMoved: Uint8Array

	constructor(e: TreeEnsemble, x: Float64Array, sign: 1 | -1) {
		this.e = e
		this.sign = sign
		this.decisions = decideAll(e, x, new Uint8Array(e.feature.length))
		this.low = x.slice()
		this.high = x.slice()
		this.isMoved = new Uint8Array(x.length)
		this.leaves = new Float64Array(e.trees)
		for (let tree = 0; tree < e.trees; tree++) {
			this.leaves[tree] = this.best(e.roots[tree] as number)
			for (let node = e.roots[tree] as number; node < (e.roots[tree + 1] as number); node++) {
				const column = e.feature[node] as number
				if (column < 0) continue
				const trees = this.treesOf.get(column) ?? new Set()
				this.treesOf.set(column, trees.add(tree))
			}
		}
	}

	/** How far the margin can move in the wanted direction, at most. */
	gain(box: Box, encoded: readonly Encoded[]): number {
		const columns: number[] = []
		for (const { axis, from, to } of box) {
			const of = encoded[axis] as Encoded
			this.setRange(of, from, to)
			columns.push(...of.columns)
		}
		const trees = new Set<number>()
		for (const c of columns) {
			this.isMoved[c] = 1
			for (const tree of this.treesOf.get(c) ?? []) trees.add(tree)
		}
		let gain = 0
		for (const tree of trees) gain += this.best(this.e.roots[tree] as number) - (this.leaves[tree] as number)
		for (const c of columns) this.isMoved[c] = 0
		return gain
	}

	/** Numbers grow with their place; of categories every place has to be asked. */
	private setRange({ columns, isNumber, at }: Encoded, from: number, to: number): void {
		for (const c of columns) {
			this.low[c] = Number.POSITIVE_INFINITY
			this.high[c] = Number.NEGATIVE_INFINITY
		}
		for (let place = from; place <= to; place += isNumber ? Math.max(1, to - from) : 1) {
			if (place === 0) continue
			at(place).forEach((value, k) => {
				const c = columns[k] as number
				this.low[c] = Math.min(this.low[c] as number, value)
				this.high[c] = Math.max(this.high[c] as number, value)
			})
		}
	}

	/** The best leaf, in the wanted direction, that can be reached from a node. */
	private best(node: number): number {
		const { e, sign } = this
		const left = e.left[node] as number
		if (left < 0) return sign * (e.value[node] as number)
		const right = e.right[node] as number
		if (this.isMoved[e.feature[node] as number] !== 1)
			return this.best(this.decisions[node] === 1 ? left : right)
		const [canLeft, canRight] = this.ways(node)
		if (!canRight) return this.best(left)
		return canLeft ? Math.max(this.best(left), this.best(right)) : this.best(right)
	}

	private ways(node: number): [boolean, boolean] {
		const { e, low, high } = this
		const flags = e.flags[node] as number
		const column = e.feature[node] as number
		const [a, b] = [low[column] as number, high[column] as number]
		const isOne = a === b || (Number.isNaN(a) && Number.isNaN(b))
		const atLow = goesLeft(e, node, low)
		if (isOne) return [atLow, !atLow]
		// Between two codes lie codes of other categories, and around zero some trees see a missing value.
		const isOdd =
			(flags & nodeFlag.categorical) !== 0 ||
			(e.style === 'lightgbm' && flags >>> nodeFlag.missingShift === missingType.zero && a <= 0 && b >= 0)
		if (isOdd) return [true, true]
		const atHigh = goesLeft(e, node, high)
		return [atLow || atHigh, !atLow || !atHigh]
	}
}
