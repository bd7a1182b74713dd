import type { TreeEnsemble } from '../trees/ensemble.ts'

/**
 * The edges of trees, by the node that an edge leads to. A feature may occur several times on a path; its edges then act as
 * one, so each edge holds the product down to itself.
 */
export type Paths = {
	/** -1 at roots. */
	parent: Int32Array
	/** The previous edge with the same feature on the path; -1 if there is none. */
	previous: Int32Array
	/** The share of the parent's training rows that took this edge. */
	share: Float64Array
	/** The product of the shares of this edge and of the previous ones with the same feature. */
	fraction: Float64Array
	/** The number of distinct features on the path to a node. */
	unique: Int32Array
}

/**
 * A parent without training rows (its leaves were pruned, or weights were 0) sends half each way. The partial likelihood of
 * `survival:cox` can give negative covers; XGBoost divides them too, so shares may be outside of 0 to 1.
 */
function shareOf(e: TreeEnsemble, parent: number, child: number): number {
	const all = e.cover[parent] as number
	return all !== 0 ? (e.cover[child] as number) / all : 0.5
}

/** Links every edge to the previous one with the same feature, in time linear in the nodes. */
export function linkPaths(e: TreeEnsemble): Paths {
	const nodes = e.feature.length
	const paths: Paths = {
		parent: new Int32Array(nodes).fill(-1),
		previous: new Int32Array(nodes).fill(-1),
		share: new Float64Array(nodes).fill(1),
		fraction: new Float64Array(nodes).fill(1),
		unique: new Int32Array(nodes),
	}
	for (let node = 0; node < nodes; node++) {
		if ((e.feature[node] as number) < 0) continue
		for (const child of [e.left[node] as number, e.right[node] as number]) {
			paths.parent[child] = node
			paths.share[child] = shareOf(e, node, child)
		}
	}
	const last = new Int32Array(e.columns).fill(-1)
	for (let tree = 0; tree < e.trees; tree++) linkTree(e, paths, e.roots[tree] as number, last)
	return paths
}

/** Depth first; `last` holds the latest edge of each feature on the current path. */
function linkTree(e: TreeEnsemble, paths: Paths, root: number, last: Int32Array): void {
	const { parent, previous, share, fraction, unique } = paths
	const stack = [root]
	while (stack.length > 0) {
		const node = stack.pop() as number
		if (node < 0) {
			last[e.feature[parent[~node] as number] as number] = previous[~node] as number
			continue
		}
		if (node !== root) {
			const up = parent[node] as number
			const feature = e.feature[up] as number
			const before = last[feature] as number
			previous[node] = before
			fraction[node] = (share[node] as number) * (before < 0 ? 1 : (fraction[before] as number))
			unique[node] = (unique[up] as number) + (before < 0 ? 1 : 0)
			last[feature] = node
			stack.push(~node)
		}
		if ((e.feature[node] as number) >= 0) stack.push(e.right[node] as number, e.left[node] as number)
	}
}

/** The factor of the leaves of each output: 1, or 1 / trees when the model averages its trees. */
export function outputScale(e: TreeEnsemble): Float64Array {
	const count = new Float64Array(e.outputs)
	for (const output of e.treeOutput) count[output] = (count[output] as number) + 1
	return count.map((n) => (e.average && n > 0 ? 1 / n : 1))
}

/** The distinct columns on the path to a node, in order of first occurrence. */
export type LeafPath = {
	columns: number[]
	/** The last edge of each column, which shows whether all splits on the column were satisfied. */
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
