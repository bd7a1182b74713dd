import type { Variation } from '../stats/between-windows.ts'
import { total } from '../stats/counts.ts'
import { kolmogorovSmirnov, wassersteinFromBins, wassersteinOfPoints } from '../stats/distances.ts'
import type { ColumnBins } from '../summaries/inputs/bins.ts'
import { type ColumnSummary, type InputSummary, latencyOfBucket } from '../summaries/inputs/input-summary.ts'
import { independentRows, noSubjects } from '../summaries/inputs/subjects.ts'
import { mergeBins, type Reference, type ReferenceColumn, referenceOf } from './reference.ts'

/**
 * What is stored of one column of one window. A dozen metrics follow exactly from the counts of a few groups; only those
 * that need all bins (ks, wasserstein) or all tests of the window (q) are stored as numbers.
 */
export type ColumnResult = {
	/** Counts of the reference's groups, then unseen, missing, type error. */
	groups: Float64Array
	rangeViolations: number
	domainViolations: number
	constant: boolean
	/** NaN when there is nothing to compare or the column has no order. */
	ks: number
	wasserstein: number
	q: number
	/** Of the numeric values; NaN when there are none. */
	min: number
	max: number
	/** Whether q and effect are far beyond their thresholds, so that the window is no example of how the series usually is. */
	stoodOut?: boolean
	/** The reference as expected at the window's time, where a season changes it. */
	expected?: Float64Array
	/** How much past windows differ among themselves. */
	variation?: Variation
	/** The values grow, or fall, with time. */
	identifier?: boolean
	/** Of a numeric column: rows outside the reference's range, if there are any. */
	outside?: number
}

export type WindowResult = {
	rows: number
	duplicates: number
	errors: number
	schemaViolations: number
	/** Rows that are independent: distinct subjects, and rows without one. */
	subjects: number
	/** Event time of the last row, ms since the epoch; NaN when there is none. */
	lastMs: number
	/** ms; NaN when no row had a latency. */
	latency: { p50: number; p95: number; p99: number }
	columns: ColumnResult[]
}

/** For a version without a baseline: a reference without rows, on the bins of its schema. */
export function emptyReference(bins: Reference['bins']): Reference {
	return referenceOf('', bins, { rows: 0, subjects: noSubjects(), columns: [] } as unknown as InputSummary)
}

/** A window's input summary, reduced to what its metrics need. `q` follows later, from all tests of the window. */
export function computeWindowMetrics(reference: Reference, inputSummary: InputSummary): WindowResult {
	return {
		rows: inputSummary.rows,
		duplicates: inputSummary.duplicates,
		errors: inputSummary.errors,
		schemaViolations: inputSummary.schemaViolations,
		subjects: independentRows(inputSummary),
		lastMs: inputSummary.lastMs,
		latency: {
			p50: percentile(inputSummary.latency, 0.5),
			p95: percentile(inputSummary.latency, 0.95),
			p99: percentile(inputSummary.latency, 0.99),
		},
		columns: inputSummary.columns.map((column, i) =>
			summariseColumn(reference.columns[i] as ReferenceColumn, column),
		),
	}
}

function summariseColumn(reference: ReferenceColumn, column: ColumnSummary): ColumnResult {
	const groups = mergeBins(column.counts, reference.groupOf, reference.groups.length)
	const outside = rowsOutside(reference, column)
	return {
		groups,
		rangeViolations: column.rangeViolations,
		domainViolations: column.domainViolations,
		constant: column.min === column.max,
		...distances(reference, column),
		q: Number.NaN,
		min: reference.bins.kind === 'numeric' ? column.min : Number.NaN,
		max: reference.bins.kind === 'numeric' ? column.max : Number.NaN,
		...(outside > 0 ? { outside } : {}),
	}
}

/** Rows in bins before the first or after the last that the reference uses. */
function rowsOutside({ bins, counts }: ReferenceColumn, column: ColumnSummary): number {
	if (bins.kind !== 'numeric') return 0
	const used = counts.subarray(0, bins.edges.length + 1)
	const [first, last] = [used.findIndex((c) => c > 0), used.findLastIndex((c) => c > 0)]
	if (first === -1) return 0
	return total(column.counts.subarray(0, first)) + total(column.counts.subarray(last + 1, used.length))
}

/** Counts scaled as if each subject had one row. */
export const independent = (
	{ rows, subjects }: Pick<WindowResult, 'rows' | 'subjects'>,
	{ groups }: Pick<ColumnResult, 'groups'>,
): Float64Array => (subjects < rows ? groups.map((count) => (count * subjects) / rows) : groups)

/** Distances that need the order of all bins, over rows that have a value. */
function distances(
	{ bins, counts, borders }: ReferenceColumn,
	column: ColumnSummary,
): { ks: number; wasserstein: number } {
	const none = { ks: Number.NaN, wasserstein: Number.NaN }
	if (bins.kind !== 'numeric' || borders.length === 0) return none
	const count = bins.edges.length + 1
	const reference = counts.subarray(0, count)
	const current = column.counts.subarray(0, count)
	if (!reference.some((c) => c > 0) || !current.some((c) => c > 0)) return none
	// Scaled before subtracting: differences of the largest numbers overflow.
	const sd = sdOf(bins, reference)
	const inDeviations = borders.map((border) => border / sd)
	return {
		ks: kolmogorovSmirnov(reference, current),
		wasserstein: area(bins, inDeviations, reference, current),
	}
}

type NumericBins = Extract<ColumnBins, { kind: 'numeric' }>

function area(
	bins: NumericBins,
	borders: Float64Array,
	reference: Float64Array,
	current: Float64Array,
): number {
	// Where each value has its own bin, the value is the bin's right edge.
	if (bins.points) return wassersteinOfPoints(borders.subarray(1), reference, current)
	return wassersteinFromBins(borders, reference, current)
}

/**
 * The unit of distances. A constant baseline has no spread: its distances are in its own units. NaN when the baseline's
 * deviation was not stored, as in old baselines whose squares overflowed.
 */
function sdOf({ moments }: NumericBins, reference: Float64Array): number {
	if (moments && moments.sd > 0) return moments.sd
	return reference.reduce((n, count) => n + (count > 0 ? 1 : 0), 0) > 1 ? Number.NaN : 1
}

/** The value at a share of the sorted latencies (nearest rank). */
function percentile(latency: ReadonlyMap<number, number>, share: number): number {
	let rows = 0
	for (const count of latency.values()) rows += count
	let seen = 0
	for (const [bucket, count] of [...latency].sort((a, b) => a[0] - b[0])) {
		seen += count
		if (seen >= share * rows) return latencyOfBucket(bucket)
	}
	return Number.NaN
}
