import type { TreeEnsemble } from '../trees/ensemble.ts'
import type { Paths } from './paths.ts'
import { longestTabled } from './plan-groups.ts'
import { gaussLegendre, type Rule } from './quadrature.ts'
import type { FillLeaf } from './tables.ts'

/** A leaf's path-dependent contributions for every pattern, by the integral of `addIntegrated`, exact at these few points. */
export function fillPathDependent(e: TreeEnsemble, paths: Paths, scale: Float64Array): FillLeaf {
	const rules: Rule[] = []
	const products = new Float64Array(2 ** longestTabled(paths))
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
			// Pattern by pattern doubled: the lower half lacks the column, the upper half has it.
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
