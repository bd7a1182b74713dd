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
		const most = Math.max(1, Math.trunc((negatives / (negatives + positives)) * (maxBins - 1)))
		bounds.push(
			...greedyBounds({ values: values.slice(0, below), rows: rows.slice(0, below) }, most).slice(0, -1),
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

/** Neighbours one float apart count as one; zero stands between negative and positive values even when no row has it. */
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
function greedyBounds(counts: Counts, most: number): number[] {
	const ends = counts.values.length <= most ? smallEnds(counts) : likeSizedEnds(counts, most)
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

/** Values with more rows than a mean bin stand alone; the rest share the bins that are left. */
function likeSizedEnds({ values, rows }: Counts, most: number): number[] {
	const total = rows.reduce((a, b) => a + b, 0)
	const bins = Math.max(1, Math.min(most, Math.trunc(total / minRowsInBin)))
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
