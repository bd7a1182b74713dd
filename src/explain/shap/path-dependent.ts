import type { TreeEnsemble } from '../trees/ensemble.ts'
import { linkPaths, outputScale } from './paths.ts'
import { addTree, planQuadrature, type QuadraturePlan } from './quadrature-trees.ts'

/** Shapley values of one row: by output, a value a column. base + the sum of an output's contributions is its margin. */
export type ShapValues = { base: Float64Array; contributions: Float64Array[] }

/** What path-dependent Shapley values need of a model: made once, used for every row, by one caller at a time. */
export type PathPlan = {
	e: TreeEnsemble
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
	return { e, quadrature: planQuadrature(e, paths, scale), base }
}

/** Adds to `out`, columns of the first output first. Allocates nothing. */
export function addPathDependent(plan: PathPlan, decisions: Uint8Array, out: Float64Array): void {
	const { e, quadrature } = plan
	for (let tree = 0; tree < e.trees; tree++)
		addTree(quadrature, tree, decisions, out, (e.treeOutput[tree] as number) * e.columns)
}

/**
 * Exact Shapley values of the game in which an absent feature takes both branches, weighed by the training rows that took
 * them: those of Lundberg's Algorithm 2 (Consistent individualized feature attribution for tree ensembles, 2018),
 * `shap.TreeExplainer(feature_perturbation="tree_path_dependent")`, `pred_contribs` and LightGBM's `pred_contrib`.
 * `decisions` as of `decideAll`.
 */
export function pathDependentShap(plan: PathPlan, decisions: Uint8Array): ShapValues {
	const { columns, outputs } = plan.e
	const out = new Float64Array(columns * outputs)
	addPathDependent(plan, decisions, out)
	const contributions = Array.from({ length: outputs }, (_, k) => out.slice(k * columns, (k + 1) * columns))
	return { base: plan.base.slice(), contributions }
}
