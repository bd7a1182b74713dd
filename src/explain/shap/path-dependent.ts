import type { TreeEnsemble } from '../trees/ensemble.ts'
import type { ShapPlan } from './explain-rows.ts'
import { linkPaths, outputScale, type Paths } from './paths.ts'
import { addIntegrated, gaussLegendre, planQuadrature, type Rule } from './quadrature-trees.ts'
import { addTabled, type FillLeaf, maxTabledPath, planTables } from './tables.ts'

/**
 * Exact Shapley values of the game in which an absent feature takes both branches, weighted by the training rows that took
 * them, as in Lundberg's Algorithm 2 (Consistent individualized feature attribution for tree ensembles, 2018),
 * `shap.TreeExplainer(feature_perturbation="tree_path_dependent")`, `pred_contribs` and LightGBM's `pred_contrib`. Trees
 * with few columns a path use tables, the others are integrated.
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

/** A leaf's path-dependent contributions for every pattern, by the integral of `addIntegrated`, exact at these few points. */
function fillPathDependent(e: TreeEnsemble, paths: Paths, scale: Float64Array): FillLeaf {
	const rules: Rule[] = []
	const products = new Float64Array(2 ** maxTabledPath(paths))
	return (tree, leaf, path, into) => {
		const k = path.columns.length
		if (k === 0) return
		const n = Math.ceil(k / 2)
		rules[n] ??= gaussLegendre(n)
		const { points, weights } = rules[n]
		const v = (e.value[leaf] as number) * (scale[e.treeOutput[tree] as number] as number)
		into.fill(0, 0, 2 ** k * k)
		for (let q = 0; q < n; q++) {
			const t = points[q] as number
			products[0] = v * (weights[q] as number)
			// Doubles the patterns for each column: the lower half lacks it, the upper half has it.
			path.edges.forEach((edge, i) => {
				const z = paths.fraction[edge] as number
				const size = 1 << i
				for (let p = 0; p < size; p++) {
					products[p + size] = (products[p] as number) * (z + t * (1 - z))
					products[p] = (products[p] as number) * z * (1 - t)
				}
			})
			path.edges.forEach((edge, i) => {
				const z = paths.fraction[edge] as number
				const absent = -1 / (1 - t)
				const present = (1 - z) / (z + t * (1 - z))
				for (let p = 0; p < 2 ** k; p++) {
					const at = p * k + i
					const gain = (p >>> i) & 1 ? present : absent
					into[at] = (into[at] as number) + (products[p] as number) * gain
				}
			})
		}
	}
}
