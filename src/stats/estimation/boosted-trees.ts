/** LightGBM's defaults. */
const maxBins = 255
const minRowsInBin = 3
/** LightGBM's kZeroThreshold, a float32: what lies nearer to zero is zero, and zero has a bin of its own. */
const nearZero = Math.fround(1e-35)

/** Distinct values (ascending) and their row counts. */
type Counts = { values: number[]; rows: number[] }

/** The upper bounds (inclusive) of a column's bins, the last infinite, as LightGBM's BinMapper finds them. No NaN. */
export function binBounds(column: Float64Array): number[] {
	const { values, rows } = countDistinct(column)
	const start = values.findIndex((v) => v > -nearZero)
	const below = start < 0 ? values.length : start
	const above = values.findIndex((v) => v > nearZero)
	const sum = (from: number, to: number) => rows.slice(from, to).reduce((a, b) => a + b, 0)
	const [negatives, positives] = [sum(0, below), above < 0 ? 0 : sum(above, rows.length)]
	const bounds: number[] = []
	if (below > 0) {
		const max = Math.max(1, Math.trunc((negatives / (negatives + positives)) * (maxBins - 1)))
		bounds.push(
			...greedyBounds({ values: values.slice(0, below), rows: rows.slice(0, below) }, max).slice(0, -1),
		)
		bounds.push(-nearZero)
	}
	const left = maxBins - 1 - bounds.length
	if (above < 0 || left <= 0) return [...bounds, Number.POSITIVE_INFINITY]
	return [
		...bounds,
		nearZero,
		...greedyBounds({ values: values.slice(above), rows: rows.slice(above) }, left),
	]
}

/** The bin of each value: the first whose bound is not below it. */
export function binsOf(column: Float64Array, bounds: readonly number[]): Uint8Array {
	return Uint8Array.from(column, (value) => {
		let [low, high] = [0, bounds.length - 1]
		while (low < high) {
			const middle = (low + high) >> 1
			if (value <= (bounds[middle] as number)) high = middle
			else low = middle + 1
		}
		return low
	})
}

/** Values one float apart count as one; zero is kept between negative and positive values even when no row has it. */
function countDistinct(column: Float64Array): Counts {
	const counts: Counts = { values: [], rows: [] }
	const push = (value: number, rows: number) => {
		counts.values.push(value)
		counts.rows.push(rows)
	}
	const zeros = column.filter((v) => Math.abs(v) <= nearZero).length
	const sorted = column.filter((v) => Math.abs(v) > nearZero).sort()
	if (sorted.length === 0 || ((sorted[0] as number) > 0 && zeros > 0)) push(0, zeros)
	sorted.forEach((value, i) => {
		const before = sorted[i - 1]
		if (before === undefined) push(value, 1)
		else if (value > nextUp(before)) {
			if (before < 0 && value > 0) push(0, zeros)
			push(value, 1)
		} else {
			const last = counts.values.length - 1
			counts.values[last] = value
			counts.rows[last] = (counts.rows[last] as number) + 1
		}
	})
	if (zeros > 0 && (sorted.at(-1) ?? 0) < 0) push(0, zeros)
	return counts
}

/** LightGBM's GreedyFindBin: few distinct values get a bin each, many get bins of like row counts. */
function greedyBounds(counts: Counts, max: number): number[] {
	const ends = counts.values.length <= max ? smallEnds(counts) : likeSizedEnds(counts, max)
	const bounds: number[] = []
	for (const i of ends) {
		const bound = nextUp(((counts.values[i] as number) + (counts.values[i + 1] as number)) / 2)
		if (bounds.length === 0 || bound > nextUp(bounds.at(-1) as number)) bounds.push(bound)
	}
	return [...bounds, Number.POSITIVE_INFINITY]
}

/** Each value ends a bin once the bin has three rows. */
function smallEnds({ values, rows }: Counts): number[] {
	const ends: number[] = []
	let inBin = 0
	for (let i = 0; i < values.length - 1; i++) {
		inBin += rows[i] as number
		if (inBin < minRowsInBin) continue
		ends.push(i)
		inBin = 0
	}
	return ends
}

/** Values with more rows than a mean bin get a bin each; the others share the remaining bins. */
function likeSizedEnds({ values, rows }: Counts, max: number): number[] {
	const total = rows.reduce((a, b) => a + b, 0)
	const bins = Math.max(1, Math.min(max, Math.trunc(total / minRowsInBin)))
	const isBig = rows.map((r) => r >= total / bins)
	let restBins = bins - isBig.filter(Boolean).length
	let rest = total - rows.filter((_, i) => isBig[i]).reduce((a, b) => a + b, 0)
	let size = rest / restBins
	const ends: number[] = []
	let inBin = 0
	for (let i = 0; i < values.length - 1; i++) {
		if (!isBig[i]) rest -= rows[i] as number
		inBin += rows[i] as number
		if (!(isBig[i] || inBin >= size || (isBig[i + 1] && inBin >= Math.max(1, size * 0.5)))) continue
		ends.push(i)
		if (ends.length >= bins - 1) break
		inBin = 0
		if (!isBig[i]) size = rest / --restBins
	}
	return ends
}

const view = new DataView(new ArrayBuffer(8))

/** The next larger float64. */
function nextUp(value: number): number {
	if (value === 0) return Number.MIN_VALUE
	view.setFloat64(0, value)
	view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n))
	return view.getFloat64(0)
}

const maxLeaves = 31
const minRows = 20

/** Split k cuts `leaf` at a column's bin: values up to it stay in `leaf`, and the others become leaf k + 1. */
export type Split = { leaf: number; column: number; bin: number }

export type GrownTree = { splits: Split[]; outputs: number[]; rows: Uint32Array[] }

/** Gradient sums and row counts per bin, column after column. */
type Histogram = { gradients: Float64Array; counts: Int32Array }
type Candidate = { gain: number; column: number; bin: number; leftGradient: number; leftRows: number }
type Leaf = { rows: Uint32Array; gradient: number; histogram: Histogram; best: Candidate | undefined }
type Data = {
	bins: readonly Uint8Array[]
	starts: number[]
	sizes: readonly number[]
	gradients: Float32Array
}

/** One leaf-wise regression tree on gradients (hessians are 1): always the leaf of the largest gain is cut next. */
export function growTree(
	bins: readonly Uint8Array[],
	sizes: readonly number[],
	gradients: Float32Array,
): GrownTree {
	const starts = sizes.map((_, f) => sizes.slice(0, f).reduce((a, b) => a + b, 0))
	const data: Data = { bins, starts, sizes, gradients }
	const all = Uint32Array.from(gradients, (_, i) => i)
	const root = leafWith(
		data,
		all,
		gradients.reduce((a, b) => a + b, 0),
		histogramOf(data, all),
	)
	const leaves = [root]
	const splits: Split[] = []
	const outputs = [-root.gradient / all.length]
	while (leaves.length < maxLeaves) {
		const at = bestLeaf(leaves)
		const leaf = leaves[at]
		if (!leaf?.best) break
		const { column, bin } = leaf.best
		const [left, right] = cut(data, leaf, leaf.best)
		splits.push({ leaf: at, column, bin })
		leaves[at] = left
		leaves.push(right)
		outputs[at] = -left.gradient / left.rows.length
		outputs.push(-right.gradient / right.rows.length)
	}
	return { splits, outputs, rows: leaves.map((l) => l.rows) }
}

function bestLeaf(leaves: readonly Leaf[]): number {
	let at = 0
	leaves.forEach(({ best }, i) => {
		if (best && isBetter(best, leaves[at]?.best)) at = i
	})
	return at
}

/** The larger gain; of equal ones the earlier column. */
const isBetter = (a: Candidate, b: Candidate | undefined) =>
	!b || a.gain > b.gain || (a.gain === b.gain && a.column < b.column)

/** The histogram of the smaller side is counted; that of the larger side is the difference from the parent's. */
function cut(data: Data, parent: Leaf, { column, bin, leftGradient, leftRows }: Candidate): [Leaf, Leaf] {
	const of = data.bins[column] as Uint8Array
	const left = parent.rows.filter((i) => (of[i] as number) <= bin)
	const right = parent.rows.filter((i) => (of[i] as number) > bin)
	const isLeftSmaller = leftRows < parent.rows.length - leftRows
	const counted = histogramOf(data, isLeftSmaller ? left : right)
	const rest = {
		gradients: parent.histogram.gradients.map((g, b) => g - (counted.gradients[b] as number)),
		counts: parent.histogram.counts.map((c, b) => c - (counted.counts[b] as number)),
	}
	return [
		leafWith(data, left, leftGradient, isLeftSmaller ? counted : rest),
		leafWith(data, right, parent.gradient - leftGradient, isLeftSmaller ? rest : counted),
	]
}

function histogramOf({ bins, starts, sizes, gradients }: Data, rows: Uint32Array): Histogram {
	const total = sizes.reduce((a, b) => a + b, 0)
	const histogram = { gradients: new Float64Array(total), counts: new Int32Array(total) }
	bins.forEach((of, f) => {
		const start = starts[f] as number
		for (const i of rows) {
			const b = start + (of[i] as number)
			histogram.gradients[b] = (histogram.gradients[b] as number) + (gradients[i] as number)
			histogram.counts[b] = (histogram.counts[b] as number) + 1
		}
	})
	return histogram
}

function leafWith(data: Data, rows: Uint32Array, gradient: number, histogram: Histogram): Leaf {
	let best: Candidate | undefined
	data.sizes.forEach((_, column) => {
		const candidate = bestCut(data, column, rows.length, gradient, histogram)
		if (candidate && isBetter(candidate, best)) best = candidate
	})
	return { rows, gradient, histogram, best }
}

/** Bins are scanned from the right, as in LightGBM, so that of equal gains the highest bin wins. */
function bestCut(
	{ starts, sizes }: Data,
	column: number,
	rows: number,
	gradient: number,
	{ gradients, counts }: Histogram,
): Candidate | undefined {
	const start = starts[column] as number
	const whole = (gradient * gradient) / rows
	let best: Candidate | undefined
	let [rightGradient, rightRows] = [0, 0]
	for (let bin = (sizes[column] as number) - 2; bin >= 0; bin--) {
		rightGradient += gradients[start + bin + 1] as number
		rightRows += counts[start + bin + 1] as number
		if (rightRows < minRows) continue
		const leftRows = rows - rightRows
		if (leftRows < minRows) break
		const leftGradient = gradient - rightGradient
		const gain = leftGradient ** 2 / leftRows + rightGradient ** 2 / rightRows
		if (gain > whole && (!best || gain > best.gain)) best = { gain, column, bin, leftGradient, leftRows }
	}
	return best && { ...best, gain: best.gain - whole }
}

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
	if (columns.some((c) => c.some(Number.isNaN))) throw new RangeError('boosted trees do not accept NaN')
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
	/** The node and side at which each leaf is attached. */
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
