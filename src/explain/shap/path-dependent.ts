import type { TreeEnsemble } from '../trees/ensemble.ts'
import { fillPathDependent } from './path-tables.ts'
import { linkPaths, outputScale } from './paths.ts'
import { addIntegrated, planQuadrature } from './quadrature-trees.ts'
import type { ShapPlan } from './shap-plan.ts'
import { addTabled, planTables } from './tables.ts'

/**
 * Exact Shapley values of the game in which an absent feature takes both branches, weighed by the training rows that took
 * them: those of Lundberg's Algorithm 2 (Consistent individualized feature attribution for tree ensembles, 2018),
 * `shap.TreeExplainer(feature_perturbation="tree_path_dependent")`, `pred_contribs` and LightGBM's `pred_contrib`. Trees of
 * few columns a path are looked up, the others are integrated.
 */
export function planPaths(e: TreeEnsemble): ShapPlan {
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
	const quadrature = planQuadrature(e, paths, scale)
	return {
		e,
		base,
		addTree(tree, decisions, out, offset) {
			if (tables.has[tree] === 1) addTabled(tables, tree, decisions, out, offset)
			else addIntegrated(quadrature, tree, decisions, out, offset)
		},
	}
}
