import type { TreeEnsemble } from '../trees/ensemble.ts'
import type { Paths } from './paths.ts'

/**
 * A subtree whose leaves are looked up together. What they contribute depends on which columns of the way to its root
 * the row satisfies, and on the decisions inside it: a bit each.
 */
export type Group = { root: number; inner: readonly number[]; bits: number; cells: number }

/** Patterns of more bits are not tabled. */
const maxBits = 12

/** Planning goes up the way from every node: beyond this many splits it is no longer done in no time. */
const maxLevels = 64

/** The most different columns that a path of these trees asks for, of those that may be tabled. */
export const longestTabled = ({ unique }: Paths): number =>
	Math.min(
		maxBits,
		unique.reduce((a, b) => Math.max(a, b), 0),
	)

/** Different columns asked for on the way to a node and inside its subtree. */
function columnsOf(e: TreeEnsemble, paths: Paths, root: number, inner: readonly number[]): Set<number> {
	const columns = new Set(inner.map((node) => e.feature[node] as number))
	for (let at = paths.parent[root] as number; at >= 0; at = paths.parent[at] as number)
		columns.add(e.feature[at] as number)
	return columns
}

function groupOf(e: TreeEnsemble, paths: Paths, root: number, inner: readonly number[]): Group {
	const bits = (paths.unique[root] as number) + inner.length
	return { root, inner, bits, cells: 2 ** bits * columnsOf(e, paths, root, inner).size }
}

const cellsOf = (groups: readonly Group[]) => groups.reduce((sum, g) => sum + g.cells, 0)

/** No fewer cells than a tree's tables will take; Infinity for a tree too deep for them. */
function minCells(e: TreeEnsemble, paths: Paths, from: number, to: number): number {
	let cells = 0
	const depth = new Int32Array(to - from)
	for (let node = from; node < to; node++) {
		const k = paths.unique[node] as number
		if (node > from) depth[node - from] = (depth[(paths.parent[node] as number) - from] as number) + 1
		if (k > maxBits || (depth[node - from] as number) > maxLevels) return Number.POSITIVE_INFINITY
		if ((e.feature[node] as number) < 0) cells += (2 ** k * k) / 4
	}
	return cells
}

/**
 * A tree's groups: two subtrees are one group where that takes no more memory (about) than two. Undefined when they would
 * take more than `most` cells, or the tree is too deep for tables.
 */
export function planGroups(e: TreeEnsemble, paths: Paths, tree: number, most: number): Group[] | undefined {
	const from = e.roots[tree] as number
	const to = e.roots[tree + 1] as number
	if (minCells(e, paths, from, to) > most) return undefined
	const of: Group[][] = Array.from({ length: to - from })
	for (let node = to - 1; node >= from; node--) {
		if ((e.feature[node] as number) < 0) {
			of[node - from] = [groupOf(e, paths, node, [])]
			continue
		}
		const apart = [e.left[node], e.right[node]].flatMap((child) => of[(child as number) - from] as Group[])
		const cells = cellsOf(apart)
		if (cells > most) return undefined
		of[node - from] = apart
		const [one, other] = apart
		if (apart.length > 2 || !one || !other) continue
		const together = groupOf(e, paths, node, [node, ...one.inner, ...other.inner])
		if (together.bits <= maxBits && together.cells <= 1.25 * cells) of[node - from] = [together]
	}
	return of[0]
}
