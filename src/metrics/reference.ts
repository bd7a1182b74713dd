import { total } from '../stats/counts.ts'
import { type Bins, binCount, type ColumnBins, extraBins } from '../summaries/inputs/bins.ts'
import type { ColumnSummary, InputSummary } from '../summaries/inputs/input-summary.ts'
import { independentRows } from '../summaries/inputs/subjects.ts'
import type { Slots } from './seasons.ts'

const tenths = 10
/** Up to this many distinct values, PSI and the other distances compare value by value, not by deciles. */
const maxByValue = 20

/** A baseline column prepared for comparison: its bins merged into the groups that PSI and the tests use. */
export type ReferenceColumn = {
	bins: ColumnBins
	/** Counts by bin, the three extra bins last. */
	counts: Float64Array
	/** The group of each bin; the last three are unseen, missing and type error. */
	groupOf: Int32Array
	groups: Float64Array
	/** The number of groups before these three, and what each of them is. */
	proper: number
	grouping: 'category' | 'value' | 'tenth'
	/** Finite borders of the bins of values; only for numeric columns. */
	borders: Float64Array
	/** Of the numeric values; NaN when there are none. */
	min: number
	max: number
}

export type Reference = {
	digest: string
	rows: number
	/** Rows that are independent: distinct subjects, and rows without one. */
	subjects: number
	bins: Bins
	columns: ReferenceColumn[]
	/** By column, the baseline by hour of week, where its rows cover four weeks. */
	seasons: readonly (Slots | undefined)[]
}

/** A baseline's bins and its own summary on them. */
export function referenceOf(
	digest: string,
	bins: Bins,
	inputSummary: InputSummary,
	seasons: Reference['seasons'] = [],
): Reference {
	const columns = bins.columns.map((column, i) => referenceColumn(column, inputSummary.columns[i]))
	return { digest, rows: inputSummary.rows, subjects: independentRows(inputSummary), bins, columns, seasons }
}

function referenceColumn(bins: ColumnBins, inputSummary: ColumnSummary | undefined): ReferenceColumn {
	const counts = inputSummary?.counts ?? new Float64Array()
	const count = binCount(bins)
	const groupOf = new Int32Array(count + extraBins)
	const grouping = groupingOf(bins, counts.subarray(0, count))
	const proper = groupers[grouping](counts.subarray(0, count), groupOf)
	for (let i = 0; i < extraBins; i++) groupOf[count + i] = proper + i
	return {
		bins,
		counts,
		groupOf,
		groups: mergeBins(counts, groupOf, proper + extraBins),
		proper,
		grouping,
		borders: bordersOf(bins),
		min: inputSummary?.min ?? Number.NaN,
		max: inputSummary?.max ?? Number.NaN,
	}
}

/** Sums the counts of the bins of each group. */
export function mergeBins(counts: Float64Array, groupOf: Int32Array, groups: number): Float64Array {
	const merged = new Float64Array(groups)
	for (let i = 0; i < groupOf.length; i++) {
		const group = groupOf[i] as number
		merged[group] = (merged[group] as number) + (counts[i] ?? 0)
	}
	return merged
}

function groupingOf(bins: ColumnBins, counts: Float64Array): ReferenceColumn['grouping'] {
	if (bins.kind === 'categorical') return 'category'
	const used = counts.reduce((n, c) => n + (c > 0 ? 1 : 0), 0)
	return bins.points === true && used <= maxByValue ? 'value' : 'tenth'
}

/** Returns the number of groups and writes the group of each bin to `groupOf`. */
type Grouper = (counts: Float64Array, groupOf: Int32Array) => number

const byCategory: Grouper = (counts, groupOf) => {
	for (let i = 0; i < counts.length; i++) groupOf[i] = i
	return counts.length
}

/** A group for values below the baseline, one for each baseline value, and one for values above. */
const byValue: Grouper = (counts, groupOf) => {
	const rows = total(counts)
	let group = 0
	let before = 0
	counts.forEach((count, i) => {
		if (count > 0 || (before === rows && (counts[i - 1] ?? 0) > 0)) group++
		groupOf[i] = group
		before += count
	})
	return group + 1
}

/** Ten groups of about equal share of the baseline, by the rank of a bin's middle row; the tails join the end groups. */
const byTenth: Grouper = (counts, groupOf) => {
	const rows = Math.max(1, total(counts))
	let group = -1
	let lastTenth = -1
	let before = 0
	counts.forEach((count, i) => {
		const tenth = Math.min(tenths - 1, Math.floor((tenths * (before + count / 2)) / rows))
		if (tenth !== lastTenth) group++
		lastTenth = tenth
		groupOf[i] = group
		before += count
	})
	return group + 1
}

const groupers = { category: byCategory, value: byValue, tenth: byTenth }

/** An open end gets a border as far out as the last edge is from the first. */
function bordersOf(bins: ColumnBins): Float64Array {
	if (bins.kind !== 'numeric' || bins.edges.length === 0) return new Float64Array()
	const { edges } = bins
	const [first, last] = [edges[0] as number, edges.at(-1) as number]
	const largest = Number.MAX_VALUE
	const span = Math.min(largest, last - first)
	return Float64Array.from([Math.max(-largest, first - span), ...edges, Math.min(largest, last + span)])
}
