import { binBounds, binsOf } from './boosted-trees-bins.ts'
import { growTree, type Split } from './boosted-trees-grow.ts'

const rounds = 100
const learningRate = 0.1

/** A split sends rows with value <= bound left; children are splits (>= 0) or leaves (-1 - leaf). */
type Node = { column: number; bound: number; left: number; right: number }
type Tree = { nodes: Node[]; leaves: number[] }

/** A model of boosted regression trees: the base value and what every tree adds. */
export type BoostedTrees = { base: number; trees: Tree[] }

/**
 * Gradient boosting of squared error as LightGBM 4 does it by default (100 rounds of leaf-wise trees of 31 leaves,
 * learning rate .1, 255 bins, 20 rows in a leaf; Ke et al. 2017). Columns are numeric without NaN; labels and
 * gradients are float32, as there. Columns that exclude each other are not bundled.
 */
export function fitBoostedTrees(columns: readonly Float64Array[], labels: ArrayLike<number>): BoostedTrees {
	const y = Float32Array.from(labels)
	if (columns.some((c) => c.length !== y.length))
		throw new RangeError('boosted trees need as many labels as rows')
	if (columns.some((c) => c.some(Number.isNaN))) throw new RangeError('boosted trees take no NaN')
	if (y.length === 0) throw new RangeError('boosted trees need rows')
	const bounds = columns.map(binBounds)
	const bins = columns.map((column, f) => binsOf(column, bounds[f] as number[]))
	const base = y.reduce((sum, v) => sum + v, 0) / y.length
	const scores = new Float64Array(y.length).fill(base)
	const trees: Tree[] = []
	for (let round = 0; round < rounds; round++) {
		const gradients = Float32Array.from(y, (label, i) => (scores[i] as number) - label)
		const grown = growTree(
			bins,
			bounds.map((b) => b.length),
			gradients,
		)
		if (grown.splits.length === 0) break
		const leaves = grown.outputs.map((output) => output * learningRate)
		grown.rows.forEach((rows, leaf) => {
			for (const i of rows) scores[i] = (scores[i] as number) + (leaves[leaf] as number)
		})
		trees.push({ nodes: nodesOf(grown.splits, bounds), leaves })
	}
	return { base, trees }
}

/** The model's prediction for each row of columns in the order they were fitted in. */
export function predictBoostedTrees(
	{ base, trees }: BoostedTrees,
	columns: readonly Float64Array[],
): Float64Array {
	const rows = columns[0]?.length ?? 0
	return Float64Array.from({ length: rows }, (_, i) =>
		trees.reduce((sum, tree) => sum + (tree.leaves[leafOf(tree, columns, i)] as number), base),
	)
}

function leafOf({ nodes }: Tree, columns: readonly Float64Array[], row: number): number {
	let at = 0
	while (at >= 0) {
		const node = nodes[at] as Node
		at = (columns[node.column]?.[row] as number) <= node.bound ? node.left : node.right
	}
	return -1 - at
}

/** Split k cuts a leaf into itself and leaf k + 1. */
function nodesOf(splits: readonly Split[], bounds: readonly number[][]): Node[] {
	const nodes: Node[] = []
	/** Which side of which node each leaf hangs on. */
	const hangs: { node: Node; side: 'left' | 'right' }[] = []
	splits.forEach(({ leaf, column, bin }, k) => {
		const node = { column, bound: bounds[column]?.[bin] as number, left: -1 - leaf, right: -2 - k }
		const above = hangs[leaf]
		if (above) above.node[above.side] = k
		hangs[leaf] = { node, side: 'left' }
		hangs[k + 1] = { node, side: 'right' }
		nodes.push(node)
	})
	return nodes
}
