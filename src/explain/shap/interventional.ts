import { decideAll, type TreeEnsemble } from '../trees/ensemble.ts'
import { fillInterventional } from './background-tables.ts'
import type { ShapValues } from './path-dependent.ts'
import { linkPaths, outputScale } from './paths.ts'
import { addTabled, planTables, type Tables } from './tables.ts'
import { addWalks, planWalks, type WalkPlan } from './walk-background.ts'

/** A background prepared for a model: made once, used for every row, by one caller at a time. */
export type BackgroundPlan = {
	e: TreeEnsemble
	rows: number
	/** Trees of few columns a path are looked up, the others are walked. */
	tables: Tables
	walks: WalkPlan
	/** The mean margin of the background, by output. */
	base: Float64Array
}

/** Fills a byte a node: 1 where the row goes left. */
type Decide = (row: Float64Array, out: Uint8Array) => void

/**
 * The background's encoded rows. Throws RangeError when there is none. `decide` where the ensemble's `feature` are players
 * that stand for several columns, so that it cannot tell by itself.
 */
export function planBackground(
	e: TreeEnsemble,
	rows: readonly Float64Array[],
	decide: Decide = (row, out) => decideAll(e, row, out),
): BackgroundPlan {
	if (rows.length === 0) throw new RangeError('a background needs a row')
	const scale = outputScale(e)
	const words = Math.ceil(e.feature.length / 32)
	const bits = new Uint32Array(words * rows.length)
	const decisions = new Uint8Array(e.feature.length)
	const base = Float64Array.from(e.base)
	rows.forEach((row, r) => {
		decide(row, decisions)
		for (let node = 0; node < decisions.length; node++)
			if (decisions[node] === 1)
				bits[r * words + (node >>> 5)] = (bits[r * words + (node >>> 5)] as number) | (1 << (node & 31))
		for (let tree = 0; tree < e.trees; tree++) {
			let node = e.roots[tree] as number
			while ((e.feature[node] as number) >= 0)
				node = (decisions[node] === 1 ? e.left[node] : e.right[node]) as number
			const output = e.treeOutput[tree] as number
			base[output] =
				(base[output] as number) + ((e.value[node] as number) * (scale[output] as number)) / rows.length
		}
	})
	const paths = linkPaths(e)
	const walks = planWalks(e, paths, scale, rows.length, bits)
	const tables = planTables(e, paths, fillInterventional(walks, paths))
	return { e, rows: rows.length, tables, walks, base }
}

/** Adds one tree's values to `out` (by column, from `offset`). Allocates nothing. */
export function addInterventionalTree(
	plan: BackgroundPlan,
	tree: number,
	decisions: Uint8Array,
	out: Float64Array,
	offset: number,
): void {
	if (plan.tables.has[tree] === 1) addTabled(plan.tables, tree, decisions, out, offset)
	else addWalks(plan.walks, tree, decisions, out, offset)
}

/**
 * Exact Shapley values of the game in which absent features are drawn together from the background's rows:
 * `shap.TreeExplainer(data, feature_perturbation="interventional")`. `decisions` as of `decideAll`.
 */
export function interventionalShap(plan: BackgroundPlan, decisions: Uint8Array): ShapValues {
	const contributions = Array.from({ length: plan.e.outputs }, () => new Float64Array(plan.e.columns))
	for (let tree = 0; tree < plan.e.trees; tree++) {
		const out = contributions[plan.e.treeOutput[tree] as number] as Float64Array
		addInterventionalTree(plan, tree, decisions, out, 0)
	}
	return { base: plan.base.slice(), contributions }
}
