const maxLeaves = 31
const minRows = 20

/** Split k cuts `leaf` at a column's bin (values in it go left, staying `leaf`); what goes right is leaf k + 1. */
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

/** The smaller side's histogram is counted, the larger's is what remains of their parent's. */
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

/** Bins are gone through from the right, as LightGBM does, so of equal gains the highest bin stays. */
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
