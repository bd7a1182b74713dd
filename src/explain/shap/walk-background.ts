import type { TreeEnsemble } from '../trees/ensemble.ts'
import { outputScale, type Paths } from './paths.ts'

/** Background rows as bits: one bit a node and row, set when the row goes left. */
export type WalkPlan = {
	e: TreeEnsemble
	rows: number
	bits: Uint32Array
	/** 32-bit words a row. */
	words: number
	/** The factor of the leaves, by output: a row's share of the background. */
	scale: Float64Array
	/** The source of each column's value on the current path: 1 the explained row, 2 the background row. */
	side: Uint8Array
	/** The nodes at which the two rows took different branches. */
	forks: Int32Array
	weights: Float64Array
}

/** Weights of fewer columns are in a table, others are computed. */
const tabled = 32

/** Fills one byte a node: 1 when the row goes left. */
export type Decide = (row: Float64Array, out: Uint8Array) => void

export function planWalks(
	e: TreeEnsemble,
	paths: Paths,
	rows: readonly Float64Array[],
	decide: Decide,
): WalkPlan {
	const maxDepth = paths.unique.reduce((a, b) => Math.max(a, b), 0)
	const weights = new Float64Array(tabled * tabled)
	for (let a = 1; a < tabled; a++)
		for (let b = 0; b < tabled; b++) weights[a * tabled + b] = shapleyWeight(a, b)
	const words = Math.ceil(e.feature.length / 32)
	const bits = new Uint32Array(words * rows.length)
	const decisions = new Uint8Array(e.feature.length)
	rows.forEach((row, r) => {
		decide(row, decisions)
		for (let node = 0; node < decisions.length; node++) {
			const at = r * words + (node >>> 5)
			bits[at] = (bits[at] as number) | ((decisions[node] as number) << (node & 31))
		}
	})
	return {
		e,
		rows: rows.length,
		bits,
		words,
		scale: outputScale(e).map((s) => s / rows.length),
		side: new Uint8Array(e.columns),
		forks: new Int32Array(maxDepth + 1),
		weights,
	}
}

/** The mean margin of the background, by output. */
export function meanMargin({ e, rows, bits, words, scale }: WalkPlan): Float64Array {
	const mean = Float64Array.from(e.base)
	for (let row = 0; row < rows; row++)
		for (let tree = 0; tree < e.trees; tree++) {
			let node = e.roots[tree] as number
			while ((e.feature[node] as number) >= 0) {
				const word = bits[row * words + (node >>> 5)] as number
				node = ((word >>> (node & 31)) & 1 ? e.left[node] : e.right[node]) as number
			}
			const output = e.treeOutput[tree] as number
			mean[output] = (mean[output] as number) + (e.value[node] as number) * (scale[output] as number)
		}
	return mean
}

/** (a - 1)! b! / (a + b)!: the weight of each of a features when all a must be present and all b absent. */
export function shapleyWeight(a: number, b: number): number {
	let weight = 1 / a
	for (let i = 1; i <= b; i++) weight *= i / (a + i)
	return weight
}

/**
 * Adds one tree's interventional Shapley values, averaged over the background. For each background row, walks to every leaf
 * that a mixture of the two rows can reach: they fork where they decide differently on a feature whose source is open (Lundberg et al., From local explanations to global understanding, 2020, Algorithm 3).
 */
export function addWalks(
	plan: WalkPlan,
	tree: number,
	decisions: Uint8Array,
	out: Float64Array,
	offset: number,
): void {
	for (let row = 0; row < plan.rows; row++) walk(plan, tree, row * plan.words, decisions, out, offset)
}

function walk(
	plan: WalkPlan,
	tree: number,
	start: number,
	decisions: Uint8Array,
	out: Float64Array,
	offset: number,
): void {
	const { e, bits, side, forks } = plan
	const { feature, left, right } = e
	let node = e.roots[tree] as number
	let [depth, fromRow, fromBackground] = [0, 0, 0]
	for (;;) {
		let column = feature[node] as number
		while (column >= 0) {
			const decision = decisions[node] as number
			const other = ((bits[start + (node >>> 5)] as number) >>> (node & 31)) & 1
			let goes = decision
			if (decision !== other) {
				if (side[column] === 2) goes = other
				else if (side[column] === 0) {
					side[column] = 1
					forks[depth++] = node
					fromRow++
				}
			}
			node = (goes === 1 ? left[node] : right[node]) as number
			column = feature[node] as number
		}
		addLeaf(plan, tree, node, depth, fromRow, fromBackground, out, offset)
		// Back to the last fork with an unvisited branch.
		while (depth > 0) {
			const fork = forks[depth - 1] as number
			column = feature[fork] as number
			if (side[column] === 1) {
				side[column] = 2
				fromRow--
				fromBackground++
				node = (decisions[fork] === 1 ? right[fork] : left[fork]) as number
				break
			}
			side[column] = 0
			fromBackground--
			depth--
		}
		if (depth === 0) return
	}
}

function addLeaf(
	plan: WalkPlan,
	tree: number,
	leaf: number,
	depth: number,
	fromRow: number,
	fromBackground: number,
	out: Float64Array,
	offset: number,
): void {
	if (depth === 0) return
	const { e, side, forks, weights } = plan
	const v = (e.value[leaf] as number) * (plan.scale[e.treeOutput[tree] as number] as number)
	const small = depth < tabled
	const gain =
		v *
		(fromRow === 0
			? 0
			: small
				? (weights[fromRow * tabled + fromBackground] as number)
				: shapleyWeight(fromRow, fromBackground))
	const loss =
		v *
		(fromBackground === 0
			? 0
			: small
				? (weights[fromBackground * tabled + fromRow] as number)
				: shapleyWeight(fromBackground, fromRow))
	for (let k = 0; k < depth; k++) {
		const column = e.feature[forks[k] as number] as number
		out[offset + column] = (out[offset + column] as number) + (side[column] === 1 ? gain : -loss)
	}
}
