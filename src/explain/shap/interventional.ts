import { decideAll, type TreeEnsemble } from '../trees/ensemble.ts'
import type { ShapPlan } from './explain-rows.ts'
import { type LeafPath, linkPaths, type Paths } from './paths.ts'
import { addTabled, type FillLeaf, maxTabledPath, planTables } from './tables.ts'
import {
	addWalks,
	type Decide,
	meanMargin,
	planWalks,
	shapleyWeight,
	type WalkPlan,
} from './walk-background.ts'

/**
 * Exact Shapley values of the game in which absent features are drawn jointly from the background's encoded rows:
 * `shap.TreeExplainer(data, feature_perturbation="interventional")`. Trees with few columns a path use tables, the others are
 * walked. Throws RangeError without rows. `decide` replaces `decideAll` when the features of the ensemble are players with
 * several columns.
 */
export function planBackground(
	e: TreeEnsemble,
	rows: readonly Float64Array[],
	decide: Decide = (row, out) => decideAll(e, row, out),
): ShapPlan {
	if (rows.length === 0) throw new RangeError('a background needs a row')
	const paths = linkPaths(e)
	const walks = planWalks(e, paths, rows, decide)
	const tables = planTables(e, paths, fillInterventional(walks, paths))
	return {
		e,
		base: meanMargin(walks),
		addTree(tree, decisions, out, offset) {
			if (tables.has[tree] === 1) addTabled(tables, tree, decisions, out, offset)
			else addWalks(walks, tree, decisions, out, offset)
		},
	}
}

/** Which background rows satisfy which edges of a tree: one byte an edge and row, edge by edge. */
function satisfied(plan: WalkPlan, paths: Paths, from: number, to: number): Uint8Array {
	const { e, bits, words, rows } = plan
	const on = new Uint8Array(rows * (to - from))
	for (let node = from + 1; node < to; node++) {
		const above = paths.parent[node] as number
		const goesLeft = e.left[above] === node ? 1 : 0
		const before = paths.previous[node] as number
		const [start, earlier] = [(node - from) * rows, (before - from) * rows]
		for (let row = 0; row < rows; row++) {
			const decision = ((bits[row * words + (above >>> 5)] as number) >>> (above & 31)) & 1
			const still = before < 0 ? 1 : (on[earlier + row] as number)
			on[start + row] = still & (decision ^ goesLeft ^ 1)
		}
	}
	return on
}

/**
 * A leaf's interventional contributions for every pattern of the explained row. Background rows with the same pattern give
 * equal contributions, so they are counted by pattern.
 */
function fillInterventional(plan: WalkPlan, paths: Paths): FillLeaf {
	const { e } = plan
	const longest = maxTabledPath(paths)
	const weights = Array.from({ length: longest + 1 }, (_, a) =>
		Array.from({ length: longest + 1 }, (_, b) => (a === 0 ? 0 : shapleyWeight(a, b))),
	)
	const counts = new Float64Array(2 ** longest)
	const patterns = new Int32Array(plan.rows)
	let last = -1
	let on: Uint8Array = new Uint8Array(0)
	return (tree, leaf, path, into) => {
		const [from, to] = [e.roots[tree] as number, e.roots[tree + 1] as number]
		if (tree !== last) on = satisfied(plan, paths, from, to)
		last = tree
		const k = path.columns.length
		into.fill(0, 0, 2 ** k * k)
		countPatterns(plan.rows, on, from, path, patterns, counts)
		const v = (e.value[leaf] as number) * (plan.scale[e.treeOutput[tree] as number] as number)
		for (let backgroundBits = 0; backgroundBits < 2 ** k; backgroundBits++) {
			const count = counts[backgroundBits] as number
			if (count > 0) addPattern(k, backgroundBits, v * count, weights, into)
		}
	}
}

function countPatterns(
	rows: number,
	on: Uint8Array,
	from: number,
	path: LeafPath,
	patterns: Int32Array,
	counts: Float64Array,
): void {
	const k = path.edges.length
	patterns.fill(0)
	for (let i = 0; i < k; i++) {
		const start = ((path.edges[i] as number) - from) * rows
		for (let row = 0; row < rows; row++)
			patterns[row] = (patterns[row] as number) | ((on[start + row] as number) << i)
	}
	counts.fill(0, 0, 2 ** k)
	for (let row = 0; row < rows; row++) {
		const pattern = patterns[row] as number
		counts[pattern] = (counts[pattern] as number) + 1
	}
}

function ones(bits: number): number {
	let count = 0
	for (let rest = bits; rest !== 0; rest &= rest - 1) count++
	return count
}

/** Adds what background rows of one pattern contribute to every pattern of the explained row that reaches the leaf. */
function addPattern(
	k: number,
	backgroundBits: number,
	v: number,
	weights: readonly (readonly number[])[],
	into: Float64Array,
): void {
	const needed = (2 ** k - 1) & ~backgroundBits
	// All patterns with the needed bits and any of the background's bits.
	for (let rest = backgroundBits; ; rest = (rest - 1) & backgroundBits) {
		const explainedBits = needed | rest
		const only = backgroundBits & ~explainedBits
		const [a, b] = [ones(needed), ones(only)]
		const gain = v * (weights[a]?.[b] as number)
		const loss = v * (weights[b]?.[a] as number)
		for (let i = 0; i < k; i++) {
			const cell = explainedBits * k + i
			if ((needed >>> i) & 1) into[cell] = (into[cell] as number) + gain
			else if ((only >>> i) & 1) into[cell] = (into[cell] as number) - loss
		}
		if (rest === 0) return
	}
}
