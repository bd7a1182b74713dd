import type { TreeEnsemble } from '../trees/ensemble.ts'
import { fillPathDependent } from './path-tables.ts'
import { linkPaths, outputScale } from './paths.ts'
import { addTree, planQuadrature, type QuadraturePlan } from './quadrature-trees.ts'
import { addTabled, planTables, type Tables } from './tables.ts'

/** Shapley values of one row: by output, a value a column. base + the sum of an output's contributions is its margin. */
export type ShapValues = { base: Float64Array; contributions: Float64Array[] }

/** What path-dependent Shapley values need of a model: made once, used for every row, by one caller at a time. */
export type PathPlan = {
	e: TreeEnsemble
	/** Trees of few columns a path are looked up, the others are integrated. */
	tables: Tables
	quadrature: QuadraturePlan
	/** The expected margin of each output under the training covers. */
	base: Float64Array
}

export function planPaths(e: TreeEnsemble): PathPlan {
	const paths = linkPaths(e)
	const scale = outputScale(e)
	const base = Float64Array.from(e.base)
	const reach = new Float64Array(e.feature.length)
	for (let tree = 0; tree < e.trees; tree++) {
		const output = e.treeOutput[tree] as number
		const root = e.roots[tree] as number
		reach[root] = scale[output] as number
		let sum = 0
		for (let node = root; node < (e.roots[tree + 1] as number); node++) {
			if (node > root)
				reach[node] = (reach[paths.parent[node] as number] as number) * (paths.share[node] as number)
			sum += (reach[node] as number) * (e.value[node] as number)
		}
		base[output] = (base[output] as number) + sum
	}
	const tables = planTables(e, paths, fillPathDependent(e, paths, scale))
	return { e, tables, quadrature: planQuadrature(e, paths, scale), base }
}

/** Adds one tree's values to `out` (by column, from `offset`). Allocates nothing. */
export function addPathDependentTree(
	plan: PathPlan,
	tree: number,
	decisions: Uint8Array,
	out: Float64Array,
	offset: number,
): void {
	if (plan.tables.has[tree] === 1) addTabled(plan.tables, tree, decisions, out, offset)
	else addTree(plan.quadrature, tree, decisions, out, offset)
}

/**
 * Exact Shapley values of the game in which an absent feature takes both branches, weighed by the training rows that took
 * them: those of Lundberg's Algorithm 2 (Consistent individualized feature attribution for tree ensembles, 2018),
 * `shap.TreeExplainer(feature_perturbation="tree_path_dependent")`, `pred_contribs` and LightGBM's `pred_contrib`.
 * `decisions` as of `decideAll`.
 */
export function pathDependentShap(plan: PathPlan, decisions: Uint8Array): ShapValues {
	const contributions = Array.from({ length: plan.e.outputs }, () => new Float64Array(plan.e.columns))
	for (let tree = 0; tree < plan.e.trees; tree++) {
		const out = contributions[plan.e.treeOutput[tree] as number] as Float64Array
		addPathDependentTree(plan, tree, decisions, out, 0)
	}
	return { base: plan.base.slice(), contributions }
}
