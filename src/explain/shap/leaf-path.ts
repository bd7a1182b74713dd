import type { TreeEnsemble } from '../trees/ensemble.ts'
import type { Paths } from './paths.ts'

/** The different columns on the way to a node, numbered in the order in which the path first asks for them. */
export type LeafPath = {
	columns: number[]
	/** The last edge of each column: the one that knows whether all of the column's splits were satisfied. */
	edges: number[]
}

export function pathTo(e: TreeEnsemble, paths: Paths, node: number): LeafPath {
	const path: LeafPath = { columns: [], edges: [] }
	const way: number[] = []
	for (let at = node; (paths.parent[at] as number) >= 0; at = paths.parent[at] as number) way.push(at)
	for (const edge of way.reverse()) {
		const column = e.feature[paths.parent[edge] as number] as number
		const slot = path.columns.indexOf(column)
		if (slot >= 0) path.edges[slot] = edge
		else {
			path.columns.push(column)
			path.edges.push(edge)
		}
	}
	return path
}
